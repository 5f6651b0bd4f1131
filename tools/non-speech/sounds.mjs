// Sounds that are no speech, made by a seeded generator: each function fills a stretch of samples at 16 kHz.
import { seededRandom } from '../accuracy/random.mjs';

export const SAMPLE_RATE = 16_000;

/** A kind of sound: name and `make(samples, random)`, which gives as many samples in about [-1, 1]. */
export const SOUNDS = {
  'white noise': (count, random) => fill(count, () => noise(random)),
  'pink noise': pinkNoise,
  'brown noise': brownNoise,
  hum,
  keyboard,
  piano: (count, random) => music(count, random, PIANO),
  organ: (count, random) => music(count, random, ORGAN),
  strings: (count, random) => music(count, random, STRINGS),
  band,
  silence: (count) => new Float32Array(count),
};

/** Seconds of a sound at a level in dBFS (root mean square), with a fade of 20 ms at either end. */
export function makeSound(name, { seconds, decibels, seed }) {
  const samples = SOUNDS[name](Math.round(seconds * SAMPLE_RATE), seededRandom(seed));
  const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  const gain = power > 0 ? 10 ** (decibels / 20) / Math.sqrt(power) : 0;
  const fade = 0.02 * SAMPLE_RATE;
  return samples.map((x, i) => {
    const edge = Math.min(1, i / fade, (samples.length - 1 - i) / fade);
    return Math.max(-1, Math.min(1, gain * edge * x));
  });
}

function fill(count, next) {
  return Float32Array.from({ length: count }, (_, i) => next(i / SAMPLE_RATE, i));
}

function noise(random) {
  return 2 * random() - 1;
}

/** Sum of white noises that are drawn anew half as often each (R. F. Voss, M. Gardner). */
function pinkNoise(count, random) {
  const rows = new Float32Array(12);
  return fill(count, (_, i) => {
    for (let row = 0; row < rows.length; row++) {
      if (i % 2 ** row === 0) rows[row] = noise(random);
    }
    return rows.reduce((sum, x) => sum + x, 0);
  });
}

function brownNoise(count, random) {
  let level = 0;
  return fill(count, () => {
    level = 0.998 * level + 0.05 * noise(random);
    return level;
  });
}

/** Mains: 50 or 60 Hz with harmonics, and a little noise. */
function hum(count, random) {
  const pitch = random() < 0.5 ? 50 : 60;
  const levels = Array.from({ length: 12 }, (_, i) => random() / (i + 1));
  return fill(count, (time) => {
    const tone = levels.reduce(
      (sum, level, i) => sum + level * Math.sin(2 * Math.PI * pitch * (i + 1) * time),
      0,
    );
    return tone + 0.02 * noise(random);
  });
}

/** Key strokes, four to eight a second in runs: a click down, a weaker one up, over faint noise. */
function keyboard(count, random) {
  const out = fill(count, () => 0.002 * noise(random));
  let time = 0.2;
  while (time * SAMPLE_RATE < count) {
    addClick(out, time, 1, random);
    addClick(out, time + 0.06 + 0.05 * random(), 0.4, random);
    time += random() < 0.08 ? 0.6 + random() : 0.12 + 0.13 * random();
  }
  return out;
}

function addClick(out, time, level, random) {
  const begin = Math.round(time * SAMPLE_RATE);
  const pitch = 1500 + 2500 * random();
  const strength = level * (0.5 + random());
  for (let i = 0; i < 0.03 * SAMPLE_RATE && begin + i < out.length; i++) {
    const decay = Math.exp(-i / (0.004 * SAMPLE_RATE));
    const ring = Math.sin((2 * Math.PI * pitch * i) / SAMPLE_RATE);
    out[begin + i] += strength * decay * (0.6 * noise(random) + 0.4 * ring);
  }
}

// Seconds to rise and to fall to a third, strength of each harmonic, depth of the vibrato.
const PIANO = { attack: 0.004, decay: 0.5, harmonics: [1, 0.5, 0.3, 0.2, 0.1, 0.06], vibrato: 0 };
const ORGAN = { attack: 0.04, decay: 30, harmonics: [1, 0.8, 0.2, 0.6, 0.1, 0.3], vibrato: 0 };
const STRINGS = {
  ...{ attack: 0.12, decay: 3, vibrato: 0.006 },
  harmonics: Array.from({ length: 14 }, (_, i) => 1 / (i + 1)),
};
const CHORDS = [
  [0, 4, 7],
  [9, 12, 16],
  [5, 9, 12],
  [7, 11, 14],
];

/** Chords with a melody over them, two notes a second. */
function music(count, random, instrument) {
  const out = new Float32Array(count);
  const beat = 0.4 + 0.3 * random();
  for (let step = 0; step * beat * SAMPLE_RATE < count; step++) {
    const chord = CHORDS[(step >> 2) % CHORDS.length];
    const at = step * beat;
    if (step % 4 === 0) for (const note of chord) addNote(out, at, 4 * beat, note - 12, instrument);
    const melody = chord[Math.floor(random() * 3)] + (random() < 0.3 ? 2 : 0);
    if (random() < 0.8) addNote(out, at, beat, melody + 12, instrument);
  }
  return out;
}

/** `note` counts semitones from middle C. */
function addNote(out, time, length, note, { attack, decay, harmonics, vibrato }) {
  const pitch = 261.6 * 2 ** (note / 12);
  const begin = Math.round(time * SAMPLE_RATE);
  for (let i = 0; i < length * SAMPLE_RATE && begin + i < out.length; i++) {
    const t = i / SAMPLE_RATE;
    const release = Math.min(1, (length - t) / 0.03);
    const envelope = Math.min(1, t / attack) * Math.exp(-t / decay) * release;
    const phase = 2 * Math.PI * pitch * t + (vibrato * pitch * Math.sin(35 * t)) / 5;
    let sum = 0;
    for (let h = 0; h < harmonics.length && pitch * (h + 1) < 7500; h++) {
      sum += harmonics[h] * Math.sin(phase * (h + 1));
    }
    out[begin + i] += 0.1 * envelope * sum;
  }
}

/** Strings and piano over a beat of bass drum and hi-hat. */
function band(count, random) {
  const out = music(count, random, PIANO);
  const strings = music(count, random, STRINGS);
  for (let i = 0; i < count; i++) {
    const t = (i / SAMPLE_RATE) % 0.5;
    const drum = Math.exp(-t / 0.08) * Math.sin(2 * Math.PI * 55 * t * (1 + Math.exp(-t / 0.02)));
    const hat = Math.exp(-(t % 0.25) / 0.015) * noise(random);
    out[i] += 0.5 * strings[i] + 0.25 * drum + 0.06 * hat;
  }
  return out;
}
