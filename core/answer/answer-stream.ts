/**
 * Reading of an answer while it is generated. Tags are never shown, not even a part of one; each character is
 * examined a bounded number of times, so that the cost of a token does not grow with the answer. Ours.
 */

type AnswerPhase = 'start' | 'think' | 'between' | 'answer' | 'done';

export interface AnswerView {
  /** The reasoning so far: everything outside the answer block, tags left out, without white space at its start. */
  readonly thinking: string;
  /** Content of the answer block so far, as written. */
  readonly answer: string;
  /** The answer as far as it can become a number ("", "3", "3.", "3.4"), for the digit slots; "" if it cannot. */
  readonly digits: string;
  readonly phase: AnswerPhase;
}

const tags = ['<think>', '</think>', '<answer>', '</answer>'] as const;
const longestTag = 9;

export interface AnswerStream {
  /** Adds a piece of text of any length, cut anywhere. */
  feed(piece: string): AnswerView;
  /** The text ends here: the beginning of a tag was cut off and is left out; a `<` in prose was text after all. */
  end(): AnswerView;
  readonly view: AnswerView;
}

export function answerStream(): AnswerStream {
  let thinking = '';
  let answer = '';
  let phase: AnswerPhase = 'start';
  /** A `<` and what follows it, as long as it may become a tag. */
  let held = '';

  function put(text: string): void {
    if (text === '') return;
    if (phase === 'answer') answer += text;
    else if (phase !== 'done') thinking += thinking === '' ? text.trimStart() : text;
  }

  function enter(tag: (typeof tags)[number]): void {
    if (phase === 'done') return;
    if (tag === '<think>' && phase !== 'answer') phase = 'think';
    else if (tag === '</think>' && phase !== 'answer') phase = 'between';
    else if (tag === '<answer>') phase = 'answer';
    else if (tag === '</answer>' && phase === 'answer') phase = 'done';
  }

  function view(): AnswerView {
    const number = answer.length < 64 ? answer.trim() : '';
    return { thinking, answer, digits: /^\d+(?:\.\d*)?$/.test(number) ? number : '', phase };
  }

  return {
    feed(piece) {
      const text = held + piece;
      held = '';
      let from = 0;
      for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
        const tag = tags.find((t) => text.startsWith(t, at));
        if (tag !== undefined) {
          put(text.slice(from, at));
          enter(tag);
          from = at + tag.length;
          at = from - 1;
        } else if (text.length - at < longestTag) {
          const rest = text.slice(at);
          if (tags.some((t) => t.startsWith(rest))) {
            held = rest;
            break;
          }
        }
      }
      put(text.slice(from, text.length - held.length));
      return view();
    },
    end() {
      if (held === '<' && phase !== 'between') put(held);
      held = '';
      return view();
    },
    get view() {
      return view();
    },
  };
}

/** The same reading of a whole text. */
export function viewAnswer(text: string): AnswerView {
  const stream = answerStream();
  stream.feed(text);
  return stream.end();
}
