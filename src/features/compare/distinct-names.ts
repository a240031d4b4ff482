/** File names of two sides, short enough to be told apart. */

/** Shortest common beginning that is cut. */
const LEAST = 10;

/** Both names without a long common beginning, which an ellipsis replaces; it ends at `_`, `-`, `.` or a space. */
export function distinctNames(a: string, b: string): { readonly a: string; readonly b: string } {
  let same = 0;
  while (same < Math.min(a.length, b.length) && a[same] === b[same]) same++;
  const cut = a.slice(0, same).search(/[^_\-. ]*$/);
  if (a === b || cut < LEAST) return { a, b };
  return { a: `…${a.slice(cut)}`, b: `…${b.slice(cut)}` };
}
