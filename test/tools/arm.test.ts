// What the estimates for ARM make of instructions and cycles.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BOARDS, listCases, realTimeFactor, speedOf } from '../../bench/arm/cases.mjs';
import { armPage, type Results } from '../../bench/arm/page.mjs';
import { assembled } from '../../bench/arm/simulate.mjs';

const linear = { target: 'neon', bits: 4, group: 32, rows: 4, depth: 288, cols: 1152 };

describe('the cases', () => {
  it('are of every target and have groups that divide the inputs', () => {
    const all = listCases({});
    expect(new Set(all.map(({ target }) => target))).toEqual(
      new Set(BOARDS.map(({ target }) => target)),
    );
    for (const { depth, group } of all) expect(depth % group).toBe(0);
  });

  it('are fewer for a trial, and of one target where that is asked for', () => {
    const quick = listCases({ quick: true, target: 'neon' });
    expect(quick.length).toBeLessThan(listCases({ target: 'neon' }).length);
    expect(quick.every(({ target, cpu }) => target === 'neon' && cpu === 'cortex-a72')).toBe(true);
  });
});

describe('speeds', () => {
  it('of a linear at the limit are those of its CPU', () => {
    const products = linear.rows * linear.depth * linear.cols;
    const speed = speedOf({ ...linear, instructions: 1, cycles: products / 8 });
    expect(speed.per256).toBe(32);
    expect(speed.ofLimit).toBe(1);
    expect(speed.gops).toBeCloseTo(2 * 8 * 1.8, 10);
  });

  it('of a model are its time by that of the audio', () => {
    expect(realTimeFactor({ target: 'neondotprod', seconds: 10, cycles: 2.4e9 })).toBe(0.1);
  });
});

describe('assembled', () => {
  it.each([
    ['b.ne\t417340 <_ZN9parrotlet4neon+0x20>', 'b.ne here'],
    ['cbz\tx0, 0x417340 <main>', 'cbz x0, here'],
    ['adrp\tx1, 490000 <table+0x10>', 'adrp x1, here'],
    ['bl\t417340 <memcpy>', 'b here'],
    ['ret', 'b here'],
    ['sdot\tv1.4s, v2.16b, v3.4b[1]', 'sdot v1.4s, v2.16b, v3.4b[1]'],
    ['nop', 'nop '],
  ])('reads %j', (text, line) => {
    expect(assembled(text)).toBe(line);
  });
});

describe('the page', () => {
  const file = new URL('../../bench/results/arm.json', import.meta.url);
  const results: Results = JSON.parse(readFileSync(file, 'utf8'));

  it('is what the results make', () => {
    const page = readFileSync(new URL('../../docs/arm.md', import.meta.url), 'utf8');
    expect(armPage(results)).toBe(page);
  });

  it('tells what a model and a linear come to', () => {
    const parts = [{ name: 'products of integers', share: 0.5 }];
    const model = { target: 'neon', bits: 4, seconds: 2, instructions: 3e8, cycles: 3.6e8, parts };
    const row = { ...linear, instructions: 10, cycles: (4 * 288 * 1152) / 4 };
    const page = armPage({ ...results, models: [model], linears: [row] });
    expect(page).toContain('| Raspberry Pi 4 | 1.8 GHz | 4 | 0.100 | 150 | 50 % |');
    expect(page).toContain('| int4 | 32 | 288x1152 | 64.0 | 14 | 50 % |');
    expect(page).not.toContain('## Raspberry Pi 5');
  });
});
