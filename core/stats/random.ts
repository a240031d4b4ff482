/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna), state filled by splitmix32. The same on every machine.
 * Ours.
 */

export interface Random {
  /** Uniform over the 2^32 unsigned integers. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform over 0 … n − 1, without bias; n from 1 to 2^32. */
  int(n: number): number;
  /** Uniform over a … b, both included. */
  between(a: number, b: number): number;
  choice<T>(options: readonly T[]): T;
  /** The numbers 0 … n − 1 in random order. */
  permutation(n: number): number[];
  /** k different members of the population in the order drawn. */
  sample<T>(population: readonly T[], k: number): T[];
  /** Standard normal. */
  normal(): number;
  /** An independent generator named by a label; it does not depend on how much was drawn before. */
  fork(label: string | number): Random;
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * @param seed a number (any double) or a string; equal seeds give equal sequences
 */
export function seededRandom(seed: number | string): Random {
  const name = String(seed);
  // Two unrelated 32-bit hashes of the decimal text: seeds 1 and 1 + 2^32 differ, and so do 1 and "1.0".
  const low = splitmix32(hash(name));
  const high = splitmix32(hash(`${name}/${name.length}`) ^ 0x5bd1e995);
  let [a, b, c, d] = [low(), low(), high(), high()];
  if ((a | b | c | d) === 0) a = 1;

  const uint32 = (): number => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const int = (n: number): number => {
    if (!(Number.isInteger(n) && n >= 1 && n <= 4294967296)) throw new RangeError(`no integer below ${n}`);
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const drawn = uint32();
      if (drawn < limit) return drawn % n;
    }
  };
  let spare: number | null = null;

  const self: Random = {
    uint32,
    uniform,
    int,
    between: (from, to) => from + int(to - from + 1),
    choice: (options) => options[int(options.length)]!,
    permutation: (n) =>
      self.sample(
        Array.from({ length: n }, (_, i) => i),
        n,
      ),
    sample: (population, k) => {
      if (!(k >= 0 && k <= population.length))
        throw new RangeError(`no sample of ${k} from ${population.length}`);
      const pool = [...population];
      for (let i = 0; i < k; i++) {
        const j = i + int(pool.length - i);
        [pool[i], pool[j]] = [pool[j]!, pool[i]!];
      }
      return pool.slice(0, k);
    },
    normal: () => {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    fork: (label) => seededRandom(`${name}/${label}`),
  };
  return self;
}
