// Checks style: biome for TypeScript and JavaScript, clang-format for C++. `--fix` repairs.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './set-up.mjs';

const fix = process.argv.includes('--fix');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const biome = run(bin('biome'), ['check', '--error-on-warnings', ...(fix ? ['--write'] : [])]);
const clangFormat = run(bin('clang-format'), [
  ...(fix ? ['-i'] : ['--dry-run', '--Werror']),
  ...['cpp', 'test/cpp', 'bench/cpp'].flatMap(cppFiles),
]);
process.exitCode = biome && clangFormat ? 0 : 1;

function cppFiles(folder) {
  try {
    return readdirSync(path.join(root, folder), { recursive: true })
      .filter((file) => /\.(cc|h)$/.test(file))
      .map((file) => path.join(folder, file));
  } catch {
    return []; // no such folder
  }
}
