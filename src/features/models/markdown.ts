/**
 * The part of Markdown that model cards are written in: headings, paragraphs, lists, tables, code, and the marks inside a
 * line. What is not known stays as it is written; nothing becomes HTML.
 */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly to: string };

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph' | 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

const ITEM = /^(?:[-*]|(\d+)\.) +/;
const RULE = /^\|?(?: *:?-+:? *\|)+ *:?-*:? *\|?$/;
const MARKS = /`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g;

/** Cells of a row of a table; `\|` is no border. */
const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** @param text of the file; its front matter is left out */
export function readMarkdown(text: string): Block[] {
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .split('\n');
  const blocks: Block[] = [];
  /** Lines from `at` on as long as they fit; `at` stands behind them. */
  let at = 0;
  const take = (fits: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && fits(lines[at] as string)) at += 1;
    return lines.slice(from, at);
  };
  const plain = (line: string) => line.trim() !== '' && !/^(#{1,6} |```|\|)/.test(line) && !ITEM.test(line);
  while (at < lines.length) {
    const line = lines[at] as string;
    const heading = /^(#{1,6}) +(.*?)#*$/.exec(line);
    const item = ITEM.exec(line);
    if (line.trim() === '') at += 1;
    else if (heading) {
      blocks.push({
        kind: 'heading',
        level: (heading[1] as string).length,
        text: (heading[2] as string).trim(),
      });
      at += 1;
    } else if (line.startsWith('```')) {
      at += 1;
      blocks.push({ kind: 'code', text: take((one) => !one.startsWith('```')).join('\n') });
      at += 1;
    } else if (line.startsWith('|') && RULE.test((lines[at + 1] ?? '').trim())) {
      at += 2;
      const rows = take((one) => one.startsWith('|')).map(cellsOf);
      blocks.push({ kind: 'table', head: cellsOf(line), rows });
    } else if (item) {
      const ordered = item[1] !== undefined;
      const items: string[] = [];
      const goesOn = (one: string) => (ITEM.exec(one)?.[1] !== undefined) === ordered && ITEM.test(one);
      while (goesOn(lines[at] ?? '')) {
        const first = (lines[at] as string).replace(ITEM, '');
        at += 1;
        items.push([first, ...take((one) => /^\s+\S/.test(one)).map((one) => one.trim())].join(' '));
      }
      blocks.push({ kind: 'list', ordered, items });
    } else {
      // A line that begins like something else and is not it is a paragraph by itself.
      const paragraph = plain(line) ? take(plain) : lines.slice(at, ++at);
      blocks.push({ kind: 'paragraph', text: paragraph.map((one) => one.trim()).join(' ') });
    }
  }
  return blocks;
}

/** The marks inside a line. Only links of the web are links. */
export function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  const plain = (to: number) => {
    if (to > from) parts.push({ kind: 'text', text: text.slice(from, to) });
  };
  for (const match of text.matchAll(MARKS)) {
    const [whole, code, strong, label, to] = match;
    plain(match.index);
    if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (strong !== undefined) parts.push({ kind: 'strong', text: strong });
    else parts.push({ kind: 'link', text: label as string, to: to as string });
    from = match.index + whole.length;
  }
  plain(text.length);
  return parts;
}
