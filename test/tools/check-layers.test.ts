import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = path.join(root, 'tools/check-layers.mjs');
const folders: string[] = [];

const EMPTY = {
  'cpp/LAYERS': 'core\nkernels\nmodel\n',
  'lib/LAYERS': 'errors.ts\naudio/\n*\ncli/\n',
};

function check(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}

/** Runs the script on a repository of these files; gives its complaints, one a line. */
function complaints(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'check-layers-'));
  folders.push(folder);
  for (const [name, text] of Object.entries({ ...EMPTY, ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const { status, stderr } = check(folder);
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(status).toBe(lines.length > 0 ? 1 : 0);
  return lines.slice(0, -1);
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('in cpp/', () => {
  it('allows includes that point down, stay in their layer, or name the system', () => {
    expect(
      complaints({
        'cpp/core/a.h': '#include <vector>\n#include "core/b.h"\n',
        'cpp/model/targets/m.cc': '#include "core/a.h"\n# include "kernels/k.h"\n',
      }),
    ).toEqual([]);
  });

  it('refuses an include that points up, with file, line and order', () => {
    expect(complaints({ 'cpp/core/a.h': '#pragma once\n\n#include "model/m.h"\n' })).toEqual([
      'cpp/core/a.h:3: core includes "model/m.h" from the higher layer model; ' +
        'the order in cpp/LAYERS is core < kernels < model',
    ]);
  });

  it('refuses folders that have no layer', () => {
    expect(complaints({ 'cpp/core/a.h': '#include "utils/u.h"\n', 'cpp/utils/u.h': '' })).toEqual([
      'cpp/core/a.h:1: includes "utils/u.h", which is in no folder of cpp/LAYERS',
      'cpp/utils/u.h: the folder utils/ is not in cpp/LAYERS; add it there',
    ]);
  });

  it('refuses includes relative to the file or from the tests', () => {
    expect(
      complaints({ 'cpp/core/a.h': '#include "b.h"\n', 'cpp/core/b.h': '#include "test/t.h"\n' }),
    ).toHaveLength(2);
  });

  it('refuses templates of the standard library in kernels that are compiled per target', () => {
    const [complaint, ...others] = complaints({
      'cpp/kernels/k-inl.h': '#include <stdint.h>\n#include <algorithm>\n',
      'cpp/kernels/k.cc': '#include <algorithm>\n',
    });
    expect(complaint).toMatch(/^cpp\/kernels\/k-inl\.h:2: an -inl\.h file includes <algorithm>; /);
    expect(others).toEqual([]);
  });
});

describe('in lib/', () => {
  it('allows imports that point down, stay in their layer, or name a package', () => {
    expect(
      complaints({
        'lib/audio/wav.ts': "import { E } from '../errors.js';\nimport './flac.js';\n",
        'lib/model.ts': "import x from 'vitest';\nimport { s } from './session.js';\n",
        'lib/cli/main.ts': "export * from '../model.js';\nawait import('../audio/wav.js');\n",
      }),
    ).toEqual([]);
  });

  it.each([
    ['import { a } from', "import { a } from './model.js';"],
    ['import over lines', "import {\n  a,\n} from './model.js';"],
    ['import type', "import type { A } from './model.js';"],
    ['export from', "export * from './model.js';"],
    ['bare import', "import './model.js';"],
    ['dynamic import', "const m = await import('./model.js');"],
    ['require', "const m = require('./model.js');"],
  ])('refuses an upward %s', (_, text) => {
    const line = text.split('\n').length;
    expect(complaints({ 'lib/errors.ts': text })).toEqual([
      `lib/errors.ts:${line}: imports ./model.js from a higher layer: errors.ts stands below *`,
    ]);
  });

  it('takes no example in a comment for an import', () => {
    expect(
      complaints({ 'lib/errors.ts': "/**\n * import { a } from './model.js';\n */\n" }),
    ).toEqual([]);
  });

  it('refuses folders that have no layer', () => {
    expect(
      complaints({ 'lib/helpers/h.ts': '', 'lib/model.ts': "import './helpers/h.js';\n" }),
    ).toEqual([
      'lib/helpers/h.ts: is in no layer of lib/LAYERS; add it there',
      'lib/model.ts:1: imports ./helpers/h.js, which is in no layer of lib/LAYERS; add it there',
    ]);
  });

  it('refuses imports from tests, benches and tools', () => {
    const found = complaints({
      'lib/a.ts': "import '../test/x.js';\n",
      'lib/audio/b.ts': "import '../../bench/x.js';\n",
      'lib/cli/c.ts': "import '../../tools/x.mjs';\nimport '../../package.json';\n",
    });
    expect(found).toHaveLength(3);
    for (const complaint of found) expect(complaint).toContain('lib/ may not depend on test, ');
  });
});

describe('on the command line', () => {
  it('explains itself', () => {
    const { status, stdout } = check('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: node tools/check-layers.mjs [folder]');
  });

  it.each([[['--frob']], [['a', 'b']]])('refuses %j', (args) => {
    expect(check(...args).status).toBe(2);
  });

  it('finds nothing in this repository', () => {
    const { status, stderr } = check();
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
