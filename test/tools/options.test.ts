// The options that the measuring tools share.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCommandLine, SHARED } from '../../tools/accuracy/options.mjs';

const TOOLS = [
  'accuracy/run',
  'accuracy/long-file',
  'accuracy/chunk-invariance',
  'accuracy/score-transcripts',
  'confidence/run',
  'low-bit/run',
  'non-speech/run',
  'streaming/run',
];

describe('readCommandLine', () => {
  const read = (...words: string[]) =>
    readCommandLine(
      {
        ...{ name: 'x', about: 'y', argument: { name: 'folder', meaning: 'z' } },
        options: [
          SHARED.data,
          SHARED.subsets('--sets', ['dev']),
          SHARED.limit('rows'),
          SHARED.jobs(2),
          SHARED.reportOnly('only'),
        ],
      },
      words,
    );

  it('has defaults', () => {
    const { options, args } = read();
    expect(options).toEqual({
      data: expect.stringMatching(/shared.data$/),
      sets: ['dev'],
      limit: Number.POSITIVE_INFINITY,
      jobs: 2,
    });
    expect(args).toEqual([]);
  });

  it('reads numbers, lists with commas or given again, and an argument', () => {
    const { options, args } = read(
      ...[
        '--limit',
        '3',
        '--sets',
        'test-other,dev',
        '--sets=speechocean',
        '--report-only',
        'here',
      ],
    );
    expect(options).toMatchObject({
      ...{ limit: 3, reportOnly: true },
      sets: ['test-other', 'dev', 'speechocean'],
    });
    expect(args).toEqual(['here']);
  });
});

function run(tool: string, ...words: string[]): string {
  const path = fileURLToPath(new URL(`../../tools/${tool}.mjs`, import.meta.url));
  return execFileSync('node', [path, ...words], { encoding: 'utf8', stdio: 'pipe' });
}

it.each(TOOLS)('%s explains itself and does nothing else', (tool) => {
  expect(run(tool, '--help')).toMatch(`Usage: node tools/${tool}.mjs [options]`);
});

it('refuses what it does not know', () => {
  expect(() => run('low-bit/run', '--limit', '0')).toThrow('Expected a whole number above 0.');
  expect(() => run('low-bit/run', '--sets', 'dev,train')).toThrow('There is no subset "train".');
  expect(() => run('low-bit/run', '--model', 'x')).toThrow("unknown option '--model'");
});
