// What every tool needs that must work in a fresh clone: run a command, install what is missing.
// Built-in modules only, since node_modules may not be there yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Debian packages by a program or file that proves them. */
const debianPackages = [
  { name: 'g++', has: () => onPath('g++') },
  { name: 'make', has: () => onPath('make') },
  { name: 'python3', has: () => onPath('python3') },
];
const debianTestPackages = [
  { name: 'cmake', has: () => onPath('cmake') },
  { name: 'libgtest-dev', has: () => existsSync('/usr/include/gtest/gtest.h') },
];

const debianArmPackages = [
  { name: 'g++-aarch64-linux-gnu', has: () => onPath('aarch64-linux-gnu-g++') },
  { name: 'qemu-user', has: () => onPath('qemu-aarch64') },
  { name: 'libgtest-dev', has: () => existsSync('/usr/src/googletest/googletest') },
];

const debianSimulationPackages = [{ name: 'llvm-19', has: () => onPath('llvm-mca-19') }];

/** Runs a command in the root of the repository, its output shown; returns whether it succeeded. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options }).status === 0;
}

/** Runs a script of package.json. */
export function runScript(name, ...args) {
  return run(npm, ['run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])]);
}

/** Installs the npm packages of the lock file, unless they are there; throws what to do. */
export function ensureNodeModules() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed)) return;
  if (!run(npm, ['ci', '--no-audit', '--no-fund'])) {
    throw new Error('npm ci failed. Check the connection to the npm registry and run it again.');
  }
}

/** Installs the compiler and what the C++ tests need, unless they are there; throws what to do. */
export function ensureSystemPackages({ forTests }) {
  ensureDebianPackages([...debianPackages, ...(forTests ? debianTestPackages : [])]);
}

/** Installs what builds and runs programs for ARM, unless it is there; throws what to do. */
export function ensureArmPackages() {
  ensureDebianPackages(debianArmPackages);
}

/** Installs what `npm run bench:arm` needs beside them, unless it is there; throws what to do. */
export function ensureSimulationPackages() {
  ensureDebianPackages([...debianTestPackages, ...debianArmPackages, ...debianSimulationPackages]);
}

function ensureDebianPackages(wanted) {
  const missing = wanted.filter(({ has }) => !has()).map(({ name }) => name);
  if (missing.length === 0) return;

  const isRoot = process.getuid?.() === 0;
  if (!onPath('apt-get') || (!isRoot && !onPath('sudo'))) {
    throw new Error(
      `These are needed and missing: ${missing.join(', ')}. Install them and run this again.`,
    );
  }
  const apt = (...args) => run(...(isRoot ? ['apt-get', args] : ['sudo', ['apt-get', ...args]]));
  // Without an update the list may be older than the mirror, or empty; it may also be good enough.
  apt('update', '-qq');
  if (!apt('install', '-y', '-qq', '--no-install-recommends', ...missing)) {
    throw new Error(`Installing ${missing.join(', ')} failed. Install them and run this again.`);
  }
}

function onPath(program) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && existsSync(path.join(folder, program)));
}
