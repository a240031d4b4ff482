/** JSON body of a request, read with limits on type, size, depth and keys. */
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../core/errors.ts';

export const LARGEST_BODY = 1 << 20;
export const DEEPEST_BODY = 32;
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

const fault = (problem: string) => new CodedError('train/body', { problem });
const tooLarge = () => new CodedError('train/body-size', { limit: LARGEST_BODY });

/**
 * @throws `train/content-type`, `train/body-size` {limit}, `train/body` {problem}: not UTF-8, not JSON, nested deeper than
 *   32, a key that would reach a prototype
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  // A form cannot send this type without a CORS preflight.
  if (!/^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(type))
    throw new CodedError('train/content-type', { type: type.slice(0, 80) });
  if (request.headers['content-encoding'] !== undefined) throw fault('is compressed');
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw fault('is not UTF-8');
  }
  return parseJson(text);
}

/** JSON of limited depth, without keys that reach a prototype. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  if (depthOf(text) > DEEPEST_BODY) throw fault(`is nested deeper than ${DEEPEST_BODY}`);
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (POLLUTING.has(key)) throw fault(`has the key "${key}"`);
      return value;
    });
  } catch (error) {
    throw error instanceof CodedError ? error : fault('is not JSON');
  }
}

/** Greatest depth of brackets outside strings; the text need not be valid JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (inString) {
      if (c === '\\') at += 1;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') deepest = Math.max(deepest, ++depth);
    else if (c === '}' || c === ']') depth -= 1;
  }
  return deepest;
}
