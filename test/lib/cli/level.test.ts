// Levels of known signals, and how they are shown.
import { expect, it } from 'vitest';
import { formatClock, formatStatus, measureLevel } from '../../../lib/cli/level.js';

it.each([
  ['silence', () => 0, -Infinity, -Infinity],
  ['a square wave at full scale', (i: number) => (i % 2 ? 1 : -1), 0, 0],
  ['a sine at half of it', (i: number) => Math.sin((i * Math.PI) / 50) / 2, -6.02, -9.03],
])('measures %s', (_, signal, peak, rms) => {
  const level = measureLevel(Float32Array.from({ length: 1000 }, (_, i) => signal(i)));
  expect(level.peak).toBeCloseTo(peak, 2);
  expect(level.rms).toBeCloseTo(rms, 2);
});

it('calls no samples silence', () => {
  expect(measureLevel(new Float32Array(0))).toEqual({ peak: -Infinity, rms: -Infinity });
});

it.each([
  [80, '0:01.0 [==========-----     ] peak -15.0 rms -30.0 dBFS'],
  [56, '0:01.0 [==========-----     ] peak -15.0 rms -30.0 dBFS'],
  [55, '0:01.0 [==========-----     ]'],
  [29, '0:01.0'],
  [6, ''],
])('leaves out what does not fit in %i columns', (columns, text) => {
  expect(formatStatus(1, { peak: -15, rms: -30 }, columns)).toBe(text);
});

it('fills the bar for what is above full scale and empties it for noise', () => {
  expect(formatStatus(0, { peak: 6, rms: 3 }, 40)).toBe(`0:00.0 [${'='.repeat(20)}]`);
  expect(formatStatus(0, { peak: -70, rms: -90 }, 40)).toBe(`0:00.0 [${' '.repeat(20)}]`);
});

it.each([
  [0.3, '0:00.3'],
  [59.99, '0:59.9'],
  [62.34, '1:02.3'],
  [3599.99, '59:59.9'],
  [3602.3, '1:00:02.3'],
])('shows %f s as %s', (seconds, text) => {
  expect(formatClock(seconds)).toBe(text);
});
