/** SHA-256 of a stream. WebCrypto hashes only what is whole in memory; this one takes pieces. Ours. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; the digest takes no more after it. */
  hex(): string;
}

export function createSha256(): Digest {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
}
