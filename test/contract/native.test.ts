// The contract of backends, kept by the addon, and what it alone owes to JavaScript.
import { expect, it } from 'vitest';
import { loadNative } from '../../lib/backend/native.js';
import { defaults, describeBackend } from './backend.case.js';
import { temporaryFolder, writeRandomModel } from './models.js';

const folder = temporaryFolder();

describeBackend('native', loadNative);

it('tells the collector of garbage what memory models and sessions take', async () => {
  const model = await loadNative().loadModelFile(
    await writeRandomModel(folder, 'tiny-streaming'),
    0,
  );
  const { external } = process.memoryUsage();
  const more = () => process.memoryUsage().external - external;

  const sessions = Array.from({ length: 20 }, () => model.openSession(defaults));
  const { stateBytes } = JSON.parse(sessions[0]!.describe()) as { stateBytes: number };
  const { weightBytes } = JSON.parse(model.describe()) as { weightBytes: number };
  const withAll = more();
  for (const session of sessions) session.close();
  const withModel = more();
  model.close();
  expect(withAll - withModel).toBeGreaterThanOrEqual(20 * stateBytes);
  expect(withModel - more()).toBeGreaterThanOrEqual(weightBytes);
});
