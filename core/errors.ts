/**
 * Coded errors. A code is `area/what` (its texts are `core/text/error-messages.ts`); the parameters are the names and
 * numbers of the message. Nothing else crosses a thread or the network as an error. Ours.
 */
export type ErrorParams = Readonly<Record<string, string | number>>;

/** A `CodedError` as plain data, for threads, files and HTTP. */
export interface CodedErrorData {
  readonly code: string;
  readonly params: ErrorParams;
  readonly message: string;
}

export class CodedError extends Error {
  readonly code: string;
  readonly params: ErrorParams;

  /**
   * @param code stable code, `area/what`, e.g. `media/codec`
   * @param params values for the message of this code, e.g. `{ codec: 'HEVC' }`
   * @param detail one English line for logs and *Copy details*; defaults to the code and its parameters
   */
  constructor(code: string, params: ErrorParams = {}, detail?: string, options?: { cause?: unknown }) {
    super(detail ?? `${code} ${JSON.stringify(params)}`, options);
    this.name = 'CodedError';
    this.code = code;
    this.params = params;
  }

  toData(): CodedErrorData {
    return { code: this.code, params: this.params, message: this.message };
  }

  static fromData(data: CodedErrorData): CodedError {
    return new CodedError(data.code, data.params, data.message);
  }
}

/** A requested stop. It is no failure, and the user sees no message. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
