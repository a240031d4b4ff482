/** The note beside a stored package: its address, the files that were asked for, and the result of each file's check. */
import { z } from 'zod';
import { type Folder, readText, writeText } from './folder.ts';

const FILE = 'note.json';

export const noteFormat = 2;

const paths = z.array(z.string());
const schema = z.object({
  format: z.literal(noteFormat),
  address: z.object({ manifestUrl: z.string(), filesBase: z.string() }).nullable(),
  addedAt: z.string(),
  /** Files that were asked for; a package need not be stored whole. */
  paths,
  checked: paths,
  corrupt: paths,
  /** Made in the page: the folder is named by the conversion, not by the manifest. */
  converted: z.boolean().default(false),
});
export type Note = z.infer<typeof schema>;

/** A note of format 1 as one of format 2: `corrupt` was called `damaged`. Any other value as it is. */
function asPresentFormat(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== 1) return value;
  const corrupt = Reflect.get(value, 'damaged') ?? [];
  return { ...value, format: noteFormat, corrupt };
}

/** Null where there is no note, or one that was cut short. */
export async function readNote(folder: Folder): Promise<Note | null> {
  const text = await readText(folder, FILE);
  if (text === null) return null;
  try {
    return schema.parse(asPresentFormat(JSON.parse(text)));
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

  set(path: string, state: 'checked' | 'corrupt' | 'unknown'): Promise<void> {
    const { note } = this;
    note.checked = note.checked.filter((name) => name !== path);
    note.corrupt = note.corrupt.filter((name) => name !== path);
    if (state !== 'unknown') note[state].push(path);
    this.#turn = this.#turn.then(() => writeNote(this.#folder, note));
    return this.#turn;
  }
}
