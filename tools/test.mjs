// Every check and test, from a fresh clone on. The last line is `N passed, N failed`, over all of
// them; the exit status says the same.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ensureArmPackages,
  ensureNodeModules,
  ensureSystemPackages,
  root,
  run,
  runScript,
} from './set-up.mjs';

const reports = path.join(root, 'build', 'reports');
const jobs = String(os.availableParallelism());

/** ARM CPUs by the name that qemu has for them, with the target that each must run. */
const armCpus = [
  { cpu: 'cortex-a72', target: 'neon' }, // Raspberry Pi 4
  { cpu: 'cortex-a76', target: 'neondotprod' }, // Raspberry Pi 5
];
/** The C++ tests that run there: every kernel, and whole models through the C interface. */
const armTests = ['kernels/*_test.cc', 'quant/*_test.cc', 'api/*_test.cc'];

const suites = [
  ['set-up', setUp],
  ['build', () => check(runScript('build'))],
  ['types', () => check(runScript('typecheck'))],
  ['lint', () => check(runScript('lint'))],
  ['layers', () => check(runScript('check:layers'))],
  ['C++ tests', runCppTests],
  ['C++ tests for ARM', runArmTests],
  ['TypeScript tests', runTypeScriptTests],
];

const results = [];
for (const [name, runSuite] of suites) {
  console.log(`\n== ${name}`);
  results.push({ name, ...runSuite() });
  // Without the tools and packages nothing else can run.
  if (name === 'set-up' && results[0].failed > 0) break;
}

console.log('');
for (const { name, passed, failed } of results) {
  const verdict = failed > 0 ? 'FAILED' : passed > 0 ? 'ok    ' : 'absent';
  console.log(`${verdict} ${name}: ${passed} of ${passed + failed}`);
}
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;

function setUp() {
  try {
    ensureSystemPackages({ forTests: true });
    ensureNodeModules();
  } catch (error) {
    console.error(error.message);
    return check(false);
  }
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  return check(true);
}

function check(ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

function runCppTests() {
  const folder = path.join(root, 'build', 'cmake');
  return buildCppTests(folder) ? runCTest(folder, 'cpp') : check(false);
}

/** Cross-builds and runs under qemu; where that cannot be, or need not, nothing passes or fails. */
function runArmTests() {
  if (process.arch === 'arm64') {
    console.log('Not run: this machine is one, and has run all C++ tests.');
    return { passed: 0, failed: 0 };
  }
  try {
    ensureArmPackages();
  } catch (error) {
    console.log(`Not run: ${error.message}`);
    return { passed: 0, failed: 0 };
  }
  const folder = path.join(root, 'build', 'cmake-arm');
  const toolchain = path.join(root, 'cmake', 'aarch64-linux-gnu.cmake');
  const options = [
    `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`,
    `-DPARROTLET_TESTS=${armTests.join(';')}`,
  ];
  if (!buildCppTests(folder, options)) return check(false);
  return armCpus
    .map(({ cpu, target }) =>
      runCTest(folder, cpu, { ...process.env, QEMU_CPU: cpu, PARROTLET_TARGET: target }),
    )
    .reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }));
}

function buildCppTests(folder, options = []) {
  const configure = ['-S', '.', '-B', folder, '-DCMAKE_BUILD_TYPE=Release', ...options];
  const build = ['--build', folder, '--target', 'parrotlet_tests', '--parallel', jobs];
  return run('cmake', configure) && run('cmake', build);
}

function runCTest(folder, name, env = process.env) {
  const report = path.join(reports, `${name}.xml`);
  const command = [
    ...['--test-dir', folder, '--output-junit', report, '--output-on-failure'],
    ...['--parallel', jobs, '--progress', '--no-tests=error'],
  ];
  return counted(run('ctest', command, { env }), () => {
    const [, tests] = /<testsuite[^>]*\stests="(\d+)"/.exec(readFileSync(report, 'utf8'));
    const [, failures] = /<testsuite[^>]*\sfailures="(\d+)"/.exec(readFileSync(report, 'utf8'));
    return { passed: tests - failures, failed: Number(failures) };
  });
}

function runTypeScriptTests() {
  const report = path.join(reports, 'vitest.json');
  const ok = runScript(
    'test:unit',
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  );
  return counted(ok, () => {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  });
}

/** Counts from a report; a suite that failed without a failed test, or a report, is one failure. */
function counted(ok, read) {
  let counts;
  try {
    counts = read();
  } catch {
    return check(false);
  }
  return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
