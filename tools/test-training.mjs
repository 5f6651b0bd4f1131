// Tests the training package in a Python environment of its own, made on first use. The last line is
// `N passed, N failed`; the exit status says the same. Built-in modules only.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './set-up.mjs';

const training = path.join(root, 'training');
const environment = path.join(training, '.venv');
const python = path.join(environment, ...pythonIn(process.platform));
const stamp = path.join(environment, 'requirements.sha256');
const requirements = path.join(training, 'requirements.txt');
const report = path.join(root, 'build', 'reports', 'training.xml');

let counts = { passed: 0, failed: 1 };
try {
  ensureEnvironment();
  counts = runTests();
} catch (error) {
  console.error(error.message);
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** Makes training/.venv, unless it is there with these very requirements; throws what to do. */
function ensureEnvironment() {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const outer = ensurePython();
  rmSync(environment, { recursive: true, force: true });
  console.log('making training/.venv and installing PyTorch (some gigabytes, once)');
  if (!run(outer, ['-m', 'venv', environment])) {
    throw new Error('python3 -m venv failed; see above. Debian has it in python3-venv.');
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
  if (!run(python, [...pip, '-r', requirements])) {
    throw new Error(
      'pip install -r training/requirements.txt failed; see above. Check the connection to the ' +
        'package index, and that the disk has 8 GB left, then run this again.',
    );
  }
  writeFileSync(stamp, wanted);
}

/** A Python that is new enough and can make environments; installs Debian's where that is allowed. */
function ensurePython() {
  const found = () => ['python3', 'python'].find(isUsable);
  if (found() === undefined && process.getuid?.() === 0 && run('apt-get', ['update', '-qq'])) {
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'python3', 'python3-venv']);
  }
  const program = found();
  if (program !== undefined) return program;
  throw new Error(
    'The training package needs Python 3.11 or newer with its venv module. Install it (Debian: ' +
      'apt-get install python3 python3-venv) and run this again.',
  );
}

function isUsable(program) {
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
  return run(program, ['-c', check], { stdio: 'ignore' });
}

function runTests() {
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  // Threads that wait must not spin: the machine may be busy with other things.
  const threads = {
    OMP_WAIT_POLICY: 'passive',
    OMP_NUM_THREADS: '2',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const env = { ...process.env, ...threads };
  const ok = run(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`], {
    cwd: training,
    env,
  });
  if (!existsSync(report)) throw new Error('pytest ended without a report; see above.');
  const text = readFileSync(report, 'utf8');
  const count = (name) =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = count('failures') + count('errors') + count('skipped');
  const passed = count('tests') - failed;
  return ok && passed > 0 ? { passed, failed } : { passed, failed: Math.max(failed, 1) };
}

function pythonIn(platform) {
  return platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
}
