/** The note beside a stored package: its address, the files that were asked for, and the result of each file's check. */
import { z } from 'zod';
import { type Folder, readText, writeText } from './folder.ts';

const FILE = 'note.json';

const schema = z.object({
  format: z.literal(1),
  address: z.object({ manifestUrl: z.string(), filesBase: z.string() }).nullable(),
  addedAt: z.string(),
  paths: z.array(z.string()),
  checked: z.array(z.string()),
  damaged: z.array(z.string()),
});
export type Note = z.infer<typeof schema>;

/** Null where there is no note, or one that was cut short. */
export async function readNote(folder: Folder): Promise<Note | null> {
  const text = await readText(folder, FILE);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeNote(folder: Folder, note: Note): Promise<void> {
  return writeText(folder, FILE, JSON.stringify(note));
}

/** Puts the results of checks into a note. Results that come at the same time are written one after the other. */
export class NoteWriter {
  readonly note: Note;
  readonly #folder: Folder;
  #turn = Promise.resolve();

  constructor(folder: Folder, note: Note) {
    this.#folder = folder;
    this.note = note;
  }

  set(path: string, state: 'checked' | 'damaged' | 'unknown'): Promise<void> {
    const { note } = this;
    note.checked = note.checked.filter((name) => name !== path);
    note.damaged = note.damaged.filter((name) => name !== path);
    if (state !== 'unknown') note[state].push(path);
    this.#turn = this.#turn.then(() => writeNote(this.#folder, note));
    return this.#turn;
  }
}
