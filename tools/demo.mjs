// Shows the recognizer at work on a recording of this repository, from a fresh clone on: the words
// appear as they are heard, then the real-time factor. Another audio file may be named instead.
import path from 'node:path';
import { ensureNodeModules, ensureSystemPackages, root, run, runScript } from './set-up.mjs';

const recording = path.join(root, 'examples', 'audio', 'librivox-austen-0870.wav');
const file = process.argv[2] ? path.resolve(process.argv[2]) : recording;

try {
  ensureSystemPackages({ forTests: false });
  ensureNodeModules();
  if (!runScript('build')) throw new Error('The build failed; its messages are above.');
  const cli = path.join(root, 'dist', 'esm', 'cli', 'main.js');
  process.exitCode = run(process.execPath, [cli, 'transcribe', '--live', '--second-pass', file])
    ? 0
    : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
