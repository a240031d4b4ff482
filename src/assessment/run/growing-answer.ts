import {
  type AnswerStream,
  type AnswerView,
  answerStream,
  viewAnswer,
} from '../../../core/answer/answer-stream.ts';
import { TextThrottle } from './text-throttle.ts';

/** The view of an answer without text. */
export const NO_VIEW: AnswerView = viewAnswer('');

/** An answer that grows token by token, drawn at the pace of the screen. */
export class GrowingAnswer {
  #stream: AnswerStream = answerStream();
  readonly #throttle: TextThrottle;

  /** @param draw called with the view of the whole text so far, and its tokens */
  constructor(draw: (view: AnswerView, tokens: number) => void) {
    this.#throttle = new TextThrottle((text, tokens) => draw(this.#stream.feed(text), tokens));
  }

  /** Begins an answer. @returns the view of the text that it continues */
  begin(prefix = ''): AnswerView {
    this.stop();
    this.#stream = answerStream();
    return prefix ? this.#stream.feed(prefix) : NO_VIEW;
  }

  add(text: string, tokens: number): void {
    this.#throttle.add(text, tokens);
  }

  /** Drops the text that is not drawn yet. */
  stop(): void {
    this.#throttle.reset();
  }
}
