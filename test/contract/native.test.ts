// The contract of backends, kept by the addon, and what it alone owes to JavaScript.
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadNative } from '../../lib/backend/native.js';
import { defaults, describeBackend } from './backend.case.js';
import { temporaryFolder, writeRandomModel } from './models.js';

const folder = temporaryFolder();

describeBackend('native', loadNative);

it('tells the collector of garbage what sessions weigh, so that it collects those nobody closed', async () => {
  const model = await loadNative().loadModelFile(
    await writeRandomModel(folder, 'tiny-streaming'),
    0,
  );
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  for (let i = 0; i < 300; i++) {
    registry.register(model.openSession(defaults), undefined);
    await setImmediate();
  }
  expect(collected).toBeGreaterThan(100);
  model.close();
});
