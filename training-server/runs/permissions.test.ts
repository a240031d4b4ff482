import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fixture, settled, testRecipe } from './testing.ts';

test.skipIf(process.platform === 'win32')('the folder of a run is closed to other users', async () => {
  const manager = await fixture().manager();
  const { id } = await manager.start(testRecipe());
  await settled(manager, id);
  expect(statSync(manager.folder(id)).mode & 0o777).toBe(0o700);
  await manager.close();
});
