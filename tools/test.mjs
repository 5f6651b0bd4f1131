// Every check and test, from a fresh clone on. The last line is `N passed, N failed`, over all of
// them; the exit status says the same.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureNodeModules, ensureSystemPackages, root, run, runScript } from './set-up.mjs';

const reports = path.join(root, 'build', 'reports');
const cmakeFolder = path.join(root, 'build', 'cmake');

const suites = [
  ['set-up', setUp],
  ['build', () => check(runScript('build'))],
  ['types', () => check(runScript('typecheck'))],
  ['lint', () => check(runScript('lint'))],
  ['layers', () => check(runScript('check:layers'))],
  ['C++ tests', runCppTests],
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
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${name}: ${passed} of ${passed + failed}`);
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
  const report = path.join(reports, 'cpp.xml');
  const jobs = String(os.availableParallelism());
  const built =
    run('cmake', ['-S', '.', '-B', cmakeFolder, '-DCMAKE_BUILD_TYPE=Release']) &&
    run('cmake', ['--build', cmakeFolder, '--parallel', jobs]);
  if (!built) return check(false);
  const ok = run('ctest', [
    ...['--test-dir', cmakeFolder, '--output-junit', report, '--output-on-failure'],
    ...['--parallel', jobs, '--progress', '--no-tests=error'],
  ]);
  return counted(ok, () => {
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
