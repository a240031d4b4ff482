/** SHA-256 of a file of any size, read in pieces so that it never lies whole in memory. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expose } from '../rpc.ts';
import type { HashApi } from './api.ts';

const PIECE = 8 << 20;

const api: HashApi = {
  async hash(file) {
    const digest = sha256.create();
    for (let at = 0; at < file.size; at += PIECE) {
      digest.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    }
    return bytesToHex(digest.digest());
  },
};

expose(api);
