// The package as users get it: packed, installed in an empty folder, imported in every way.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, writeRandomModel } from '../contract/models.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = temporaryFolder();
const recording = path.join(root, 'examples', 'audio', 'librivox-austen-0870.wav');
let model: string;
let files: string[];

/** Packs the files of `source` and returns the tarball. */
function pack(source: string, name: string): string {
  const target = path.join(folder, name);
  mkdirSync(target);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', target];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: source, encoding: 'utf8' }));
  files ??= packed.files.map((file: { path: string }) => file.path);
  return path.join(target, packed.filename);
}

/** Installs `tarball` in an empty folder, whose path has a space in it. */
function install(tarball: string, name: string, ...flags: string[]): string {
  const target = path.join(folder, name);
  mkdirSync(target);
  writeFileSync(path.join(target, 'package.json'), '{"private": true}');
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', ...flags, tarball];
  execFileSync('npm', args, { cwd: target, stdio: 'pipe' });
  return target;
}

let withPrebuild: string;
let withoutPrebuild: string;

beforeAll(async () => {
  model = await writeRandomModel(folder, 'tiny-streaming');
  const tarball = pack(root, 'as is');
  execFileSync('tar', ['-xzf', tarball, '-C', folder]);
  const unpacked = path.join(folder, 'package');

  rmSync(path.join(unpacked, 'prebuilds'), { recursive: true, force: true });
  // Scripts may run here: nothing must try to compile when a package is installed.
  withoutPrebuild = install(pack(unpacked, 'bare'), 'without prebuild');

  const prebuilds = path.join(unpacked, 'prebuilds', `${process.platform}-${process.arch}`);
  cpSync(
    path.join(root, 'build', 'Release', 'parrotlet.node'),
    path.join(prebuilds, 'parrotlet.node'),
  );
  withPrebuild = install(pack(unpacked, 'prebuilt'), 'with prebuild', '--ignore-scripts');
});

/** Runs a program in `cwd` and returns what it printed. */
async function run(cwd: string, file: string, source: string): Promise<string> {
  writeFileSync(path.join(cwd, file), source);
  const { stdout } = await promisify(execFile)(process.execPath, [file, model, recording], { cwd });
  return stdout.trim();
}

const recognize = `
  const [path, recording] = process.argv.slice(2);
  const model = await loadModel(path);
  const { text } = await transcribe(model, recording);
  console.log(JSON.stringify([backendInfo().path, text]));`;

describe('the tarball', () => {
  it('holds what is needed and nothing else', () => {
    for (const file of [
      ...['LICENSE', 'binding.gyp', 'cpp/sources.txt', 'dist/esm/index.d.ts', 'dist/cjs/index.js'],
      ...['dist/cjs/package.json', 'dist/esm/package-root.cjs', 'dist/esm/cli/main.js'],
    ]) {
      expect(files).toContain(file);
    }
    const rooms = new Set(files.filter((file) => file.includes('/')).map((f) => f.split('/')[0]));
    for (const room of rooms) expect(['cpp', 'dist', 'models', 'prebuilds']).toContain(room);
    expect(files.filter((file) => /tsbuildinfo|\.tmp$|\.o$/.test(file))).toEqual([]);
  });
});

describe('with a prebuilt addon, no scripts run', () => {
  it('recognizes alike as an ES module and as a CommonJS module', async () => {
    const esm = await run(
      withPrebuild,
      'main.mjs',
      `import { backendInfo, loadModel, transcribe } from 'parrotlet';${recognize}`,
    );
    const cjs = await run(
      withPrebuild,
      'main.cjs',
      `const { backendInfo, loadModel, transcribe } = require('parrotlet');
       (async () => {${recognize}})();`,
    );
    expect(cjs).toBe(esm);
    const [addon, text] = JSON.parse(esm);
    expect(addon).toContain(path.join('with prebuild', 'node_modules', 'parrotlet', 'prebuilds'));
    expect(text.length).toBeGreaterThan(0);
  });

  it('knows the errors of its other module format', async () => {
    const source = `import { createRequire } from 'node:module';
      import { ParrotletError } from 'parrotlet';
      const cjs = createRequire(import.meta.url)('parrotlet');
      console.log(ParrotletError.is(new cjs.ParrotletError('INTERNAL', '')));`;
    expect(await run(withPrebuild, 'errors.mjs', source)).toBe('true');
  });

  it('has its command', async () => {
    const bin = path.join(withPrebuild, 'node_modules', '.bin', 'parrotlet');
    const { stdout } = await promisify(execFile)(bin, ['--version']);
    const { version } = createRequire(import.meta.url)('../../package.json');
    expect(stdout.trim()).toBe(version);
  });

  it.each([
    ['user.mts', 'NodeNext', 'NodeNext'],
    ['user.cts', 'NodeNext', 'NodeNext'],
    ['user.mts', 'ESNext', 'Bundler'],
  ])('brings its types: %s, %s, %s', async (file, module, moduleResolution) => {
    writeFileSync(
      path.join(withPrebuild, file),
      `import { loadModel, type TranscriptEvent } from 'parrotlet';
       export async function main(): Promise<TranscriptEvent[]> {
         const model = await loadModel('default');
         const session = model.createSession({ beam: 2 });
         const events: TranscriptEvent[] = [];
         for await (const event of session) events.push(event);
         return events;
       }`,
    );
    writeFileSync(
      path.join(withPrebuild, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...{ module, moduleResolution, target: 'ES2022', strict: true, noEmit: true },
          ...{ lib: ['ES2022', 'ESNext.Disposable'], types: ['node'] },
          typeRoots: [path.join(root, 'node_modules', '@types')],
        },
        files: [file],
      }),
    );
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const check = promisify(execFile)(process.execPath, [tsc, '-p', withPrebuild]);
    await expect(check.catch(({ stdout }) => Promise.reject(stdout))).resolves.toBeDefined();
  });
});

describe('without an addon', () => {
  it('installs, compiles nothing, and says what was tried and what to do', async () => {
    expect(existsSync(path.join(withoutPrebuild, 'node_modules/parrotlet/build'))).toBe(false);
    const output = await run(
      withoutPrebuild,
      'main.mjs',
      `import { loadModel } from 'parrotlet';
       await loadModel(process.argv[2]).catch((error) => console.log(error.code, error.message));`,
    );
    expect(output).toMatch(/^BACKEND_UNAVAILABLE/);
    expect(output).toContain(`${process.platform}-${process.arch}`);
    expect(output).toMatch(/native: No native build was found/);
    expect(output).toContain('npx node-gyp@12 rebuild');
  });
});
