export interface HashApi {
  /** @returns 64 lower-case hex digits; rejects when the file can no longer be read */
  hash(file: Blob): Promise<string>;
}
