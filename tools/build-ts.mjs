// Compiles lib/ twice: to ES modules (dist/esm) and, without the command line, to CommonJS
// (dist/cjs). The format of a TypeScript source follows the nearest package.json, so the CommonJS
// build compiles a copy of lib/ beside a package.json that says so. `--clean` starts from nothing.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const dist = path.join(root, 'dist');
// Only the command line uses these.
const notInCommonJs = ['cli', 'import', 'quantize'].map((room) => path.join('lib', room));
const copy = path.join(root, 'build', 'cjs');

if (process.argv.includes('--clean')) rmSync(dist, { recursive: true, force: true });
compile(root, 'tsconfig.build.json');

rmSync(copy, { recursive: true, force: true });
cpSync(path.join(root, 'lib'), path.join(copy, 'lib'), {
  recursive: true,
  filter: (source) => !notInCommonJs.includes(path.relative(root, source)),
});
writeJson(path.join(copy, 'package.json'), { type: 'commonjs' });
writeJson(path.join(copy, 'tsconfig.json'), {
  extends: '../../tsconfig.build.json',
  compilerOptions: {
    rootDir: 'lib',
    outDir: '../../dist/cjs',
    tsBuildInfoFile: '../../dist/cjs.tsbuildinfo',
    verbatimModuleSyntax: false,
  },
  include: ['lib'],
});
compile(copy, 'tsconfig.json');

for (const format of ['esm', 'cjs']) {
  for (const file of ['package-root.cjs', 'package-root.d.cts']) {
    copyFileSync(path.join(root, 'lib', file), path.join(dist, format, file));
  }
}
writeJson(path.join(dist, 'cjs', 'package.json'), { type: 'commonjs' });

function compile(folder, config) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', path.join(folder, config)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

function writeJson(file, value) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
