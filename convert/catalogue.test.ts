/** The catalogue's sizes against the converter's formulas and the sizes that were measured. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { modelCatalogue } from '../core/files/model-catalogue.ts';
import { catalogueSizes } from './catalogue.node.ts';

const root = join(import.meta.dirname, '..');
const sizes = await catalogueSizes();

test.each(modelCatalogue.map((model) => [model.id, model] as const))(
  '%s has the sizes of its shape (else: node convert/catalogue.node.ts)',
  (id, model) => {
    expect(model).toMatchObject(sizes[id]!);
  },
);

test('the 8B has the sizes of the official code and of a real conversion', () => {
  const model = modelCatalogue.find(({ id }) => id === 'vqathinker-8b')!;
  expect(model.parameters).toBe(7_999_132_616);
  const bytes = model.files.reduce((sum, file) => sum + file.bytes, 0);
  // A conversion of random weights of this shape wrote 5,331.6 MB; the tokenizer is the rest.
  expect(bytes / 1e6).toBeGreaterThan(5315);
  expect(bytes / 1e6).toBeLessThan(5331.6);
  expect(Math.max(...model.files.map((file) => file.bytes))).toBeLessThanOrEqual(2 ** 30);
  expect(model.largestTensor).toBe(184_435_584);
  // Weights without the embedding table 4.72 GB, cache 0.32 GB, scores of the vision encoder 0.55 GB. The page held 0.47 GB
  // while it opened a package of 0.65 GB, and its weights pass through it one at a time.
  const [variant] = model.variants;
  expect(variant!.gpuBytes / 1e9).toBeCloseTo(5.7, 1);
  expect(variant!.heapBytes / 1e9).toBeLessThan(1.7);
});

test('the small models of the family have their published sizes, and are told smallest first', () => {
  const model = (id: string) => modelCatalogue.find((one) => one.id === id)!;
  // InternVL3's parameters and those of the motion branch, which the 8B has in the same numbers but for the projector.
  expect(model('vqathinker-1b').parameters).toBeGreaterThan(938_193_024);
  expect(model('vqathinker-1b').parameters).toBeLessThan(938_193_024 + 60e6);
  expect(model('vqathinker-2b').parameters).toBeGreaterThan(2_088_957_440);
  expect(model('vqathinker-2b').parameters).toBeLessThan(2_088_957_440 + 60e6);
  const sizes = modelCatalogue.map(({ parameters }) => parameters);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  // Weights that nobody has published are not offered, and have no figures.
  for (const { weights, published, humanRatings } of modelCatalogue)
    if (weights === 'none') expect([published, humanRatings]).toEqual([null, false]);
});

test('every recipe trains a shape that the page can name: one of the catalogue, or the model that ships', () => {
  const prefixes = [...modelCatalogue.flatMap(({ recipes }) => recipes), 'small'];
  const recipes = readdirSync(join(root, 'recipes')).filter((name) => name.endsWith('.json'));
  expect(recipes.length).toBeGreaterThan(10);
  expect(recipes.filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)))).toEqual([]);
  for (const { id, recipes: named } of modelCatalogue)
    expect(
      named.filter((prefix) => !recipes.some((name) => name.startsWith(prefix))),
      id,
    ).toEqual([]);
});
