// The tools that calibrate confidences: their mathematics, who is right, and the model file they write.
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.js';
import { seededRandom } from '../../tools/accuracy/random.mjs';
import {
  areaUnderCurve,
  calibrationError,
  caughtBelow,
  fitCalibration,
  logOdds,
  probability,
  reliability,
} from '../../tools/confidence/calibration.mjs';
import { judgeWords } from '../../tools/confidence/judge-words.mjs';
import { writeCalibration } from '../../tools/confidence/write-model.mjs';
import { makeSound, SAMPLE_RATE, SOUNDS } from '../../tools/non-speech/sounds.mjs';
import { temporaryFolder, writeRandomModel } from '../contract/models.js';

/** Words whose log-odds are off by a known scale and bias. */
function syntheticWords(count: number, scale: number, bias: number) {
  const random = seededRandom(5);
  return Array.from({ length: count }, () => {
    const odds = 8 * random() - 2;
    return { odds, right: random() < probability(scale * odds + bias) };
  });
}

describe('calibration', () => {
  it('finds the scale and the bias', () => {
    const { scale, bias } = fitCalibration(syntheticWords(40_000, 0.7, -0.4));
    expect(scale).toBeCloseTo(0.7, 1);
    expect(bias).toBeCloseTo(-0.4, 1);
  });

  it('refuses words that are all right', () => {
    expect(() => fitCalibration([{ odds: 1, right: true }])).toThrow(/right and wrong/);
  });

  it('makes the error small', () => {
    const words = syntheticWords(40_000, 0.5, -1);
    const judged = (scale: number, bias: number) =>
      words.map(({ odds, right }) => ({ confidence: probability(scale * odds + bias), right }));
    expect(calibrationError(judged(1, 0))).toBeGreaterThan(0.1);
    expect(calibrationError(judged(0.5, -1))).toBeLessThan(0.01);
  });

  it('counts by bins', () => {
    const words = [
      { confidence: 0.95, right: true },
      { confidence: 0.91, right: false },
      { confidence: 0.05, right: false },
    ];
    expect(reliability(words)).toEqual([
      { count: 1, confidence: 0.05, right: 0 },
      { count: 2, confidence: expect.closeTo(0.93), right: 0.5 },
    ]);
    expect(calibrationError(words)).toBeCloseTo((0.05 + 2 * 0.43) / 3);
    expect(caughtBelow(words, 0.5)).toEqual({ threshold: 0.5, wrongCaught: 0.5, rightFlagged: 0 });
    expect(areaUnderCurve(words)).toBe(1);
    expect(areaUnderCurve(words.map((word) => ({ ...word, confidence: 0.5 })))).toBe(0.5);
    expect(probability(logOdds(0.3))).toBeCloseTo(0.3);
  });
});

describe('judgeWords', () => {
  const judge = (reference: string, text: string) =>
    judgeWords(
      reference,
      text.split(' ').map((word) => ({ text: word, confidence: 0.5 })),
    ).map(({ right }) => right);

  it('tells right words from substituted and added ones', () => {
    expect(judge('THE CAT SAT DOWN', 'The bat sat, down there.')).toEqual([
      ...[true, false, true, true, false],
    ]);
    expect(judge('THE CAT SAT DOWN', 'Cat down.')).toEqual([true, true]);
  });

  it('compares what is said, not how it is written', () => {
    expect(judge("DON'T ASK MISTER TWO", 'Do not ask Mr. 2.')).toEqual(Array(5).fill(true));
    expect(judge('DO NOT', "Don't")).toEqual([true]);
    expect(judge('I KNOW', 'I um - know')).toEqual([true, true]);
  });
});

it('writes a calibration into a model file, again and again', async () => {
  const path = await writeRandomModel(temporaryFolder(), 'tiny-streaming');
  for (const confidence of [
    { scale: 0.75, bias: -0.125, least: 0.5 },
    { scale: 1.5, bias: 2 },
  ]) {
    writeCalibration(path, confidence);
    const model = await loadModel(path); // checks the checksum
    expect(model.info.document.confidence).toEqual(confidence);
    expect(model.info.card).toHaveProperty('imported');
    model.close();
  }
});

describe('sounds that are no speech', () => {
  it.each(Object.keys(SOUNDS).filter((name) => name !== 'silence'))(
    '%s has its length and level, and comes again from its seed',
    (name) => {
      const sound = makeSound(name, { seconds: 2, decibels: -30, seed: 3 });
      expect(sound).toHaveLength(2 * SAMPLE_RATE);
      const power = sound.reduce((sum, x) => sum + x * x, 0) / sound.length;
      expect(10 * Math.log10(power)).toBeGreaterThan(-32);
      expect(10 * Math.log10(power)).toBeLessThan(-29);
      expect(makeSound(name, { seconds: 2, decibels: -30, seed: 3 })).toEqual(sound);
      expect(makeSound(name, { seconds: 2, decibels: -30, seed: 4 })).not.toEqual(sound);
    },
  );
});
