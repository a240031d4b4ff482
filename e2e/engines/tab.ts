/** A tab of a browser engine, driven alike in all engines. */

/** A page function runs in the tab: it closes over nothing, and its argument and result are JSON. */
export type PageFunction<Argument, Result> = (argument: Argument) => Result | Promise<Result>;

export interface Tab {
  /** Name and version as the engine reports them. */
  readonly version: string;
  /** Waits for the page's load event. */
  goto(address: string): Promise<void>;
  reload(): Promise<void>;
  /** @throws Error with the message of what the function throws */
  evaluate<Result, Argument = null>(
    run: PageFunction<Argument, Result>,
    argument?: Argument,
  ): Promise<Result>;
  /** Puts files of this machine into the first `<input type=file>` that matches, as a chooser does. */
  setFiles(selector: string, paths: readonly string[]): Promise<void>;
  /** PNG of the visible part. */
  screenshot(): Promise<Buffer>;
  /** Ends the engine with all of its processes. */
  close(): Promise<void>;
}

/** Installed engine, not started. */
export interface Engine {
  readonly name: string;
  open(): Promise<Tab>;
}

/** Source of an expression that gives a promise of the function's result as JSON text. */
export function callSource(run: PageFunction<never, unknown>, argument: unknown): string {
  return `(async () => JSON.stringify((await (${run})(${JSON.stringify(argument ?? null)})) ?? null))()`;
}
