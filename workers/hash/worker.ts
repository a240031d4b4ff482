/** SHA-256 of a file of any size, read in pieces so that it is never whole in memory. */

import { createSha256 } from '../../core/files/sha256.ts';
import { expose } from '../thread/rpc.ts';
import type { HashApi } from './api.ts';

const PIECE = 8 << 20;

const api: HashApi = {
  async hash(file) {
    const digest = createSha256();
    for (let at = 0; at < file.size; at += PIECE) {
      digest.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    }
    return digest.hex();
  },
};

expose(api);
