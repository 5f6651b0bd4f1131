// What every backend must do, on models of random weights. A test file per backend calls this once.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type {
  Backend,
  BackendModel,
  BackendSession,
  BackendSessionOptions,
} from '../../lib/backend/backend.js';
import type { TranscriptEvent } from '../../lib/events/types.js';
import { MODEL_NAMES, readRecording, temporaryFolder, writeRandomModel } from './models.js';

export const defaults: BackendSessionOptions = {
  ...{
    sampleRate: 0,
    channels: 0,
    chunkFrames: 0,
    lookAheadFrames: 0,
    noPartials: false,
    noPauses: false,
  },
  ...{ pauseSeconds: 0, leastPauseSeconds: 0, minSpeechSeconds: 0, maxSegmentSeconds: 0 },
  ...{ minConfidence: 0, beam: 0, keepLoops: false, noWords: false, secondPass: false },
};

/** Feeds `samples` in pieces of `size` and returns all events. */
async function run(session: BackendSession, samples: Float32Array, size = samples.length) {
  const events: TranscriptEvent[] = [];
  for (let at = 0; at < samples.length; at += size) {
    events.push(...(await session.write(samples.subarray(at, at + size))).events);
  }
  for (let done = false; !done; ) {
    const step = await session.finish();
    events.push(...step.events);
    done = step.done;
  }
  return events;
}

export function describeBackend(name: string, load: () => Backend): void {
  const folder = temporaryFolder();
  let backend: Backend;
  let samples: Float32Array;
  const files = new Map<string, string>();

  beforeAll(async () => {
    backend = load();
    samples = (await readRecording()).subarray(0, 4 * 16000);
    for (const model of MODEL_NAMES) files.set(model, await writeRandomModel(folder, model));
  });

  const loadModel = (model = 'tiny-streaming') => backend.loadModelFile(files.get(model)!, 0);

  describe(`${name} backend`, () => {
    it('says what it runs on', () => {
      const info = JSON.parse(backend.runtimeInfo());
      expect(info.supported).toContain(info.target);
      expect(info.targets).toEqual(expect.arrayContaining(info.supported));
    });

    describe.each(MODEL_NAMES)('with %s', (modelName) => {
      let model: BackendModel;
      beforeAll(async () => {
        model = await loadModel(modelName);
      });

      it('gives the same events and the same memory however the audio is cut', async () => {
        const session = model.openSession(defaults);
        const whole = await run(session, samples);
        const memory = session.memory();
        expect(whole.at(-1)?.type).toBe('final');
        for (const size of [161, 1600, 23456]) {
          await session.reset();
          expect(await run(session, samples, size)).toEqual(whole);
          expect(session.memory()).toEqual(memory);
        }
        session.close();
      });

      it('never takes stable text back, and ends each segment with one final', async () => {
        const session = model.openSession(defaults);
        const stable = new Map<number, string>();
        const ended = new Set<number>();
        for (const event of await run(session, samples, 800)) {
          expect(ended.has(event.segment)).toBe(false);
          expect(event.text.startsWith(stable.get(event.segment) ?? '')).toBe(true);
          expect(event.text.startsWith(event.stableText)).toBe(true);
          stable.set(event.segment, event.stableText);
          if (event.type === 'final') ended.add(event.segment);
          expect(event.words.map(({ text }) => text).join(' ')).toBe(event.text.trim());
          for (const { start, end } of event.words) {
            expect(start).toBeGreaterThanOrEqual(event.start);
            expect(end).toBeGreaterThanOrEqual(start);
          }
        }
        expect(ended.size).toBe(stable.size);
        session.close();
      });

      it('keeps sessions apart', async () => {
        const [a, b] = [model.openSession(defaults), model.openSession(defaults)];
        const other = samples.map((value) => -value / 2);
        const [alone, aloneOther] = [await run(a, samples), await run(b, other)];
        await Promise.all([a.reset(), b.reset()]);
        const both = await Promise.all([run(a, samples, 1000), run(b, other, 1000)]);
        expect(both).toEqual([alone, aloneOther]);
        a.close();
        b.close();
      });
    });

    it('says the same of a model from a file and from bytes', async () => {
      const bytes = readFileSync(files.get('tiny-streaming')!);
      const fromBytes = await backend.loadModelBytes(bytes);
      expect(fromBytes.describe()).toBe((await loadModel()).describe());
    });

    it('refuses a model that is cut, changed, too large or not there', async () => {
      const good = readFileSync(files.get('tiny-streaming')!);
      for (const length of [0, 7, 8, 100, good.length >> 1, good.length - 1]) {
        await expect(backend.loadModelBytes(good.subarray(0, length))).rejects.toMatchObject({
          code: expect.stringMatching(/^MODEL_(TRUNCATED|MALFORMED)$/),
        });
      }
      const changed = Buffer.from(good);
      changed[good.length - 3]! ^= 4;
      await expect(backend.loadModelBytes(changed)).rejects.toMatchObject({
        code: 'MODEL_CHECKSUM',
      });
      await expect(backend.loadModelFile(files.get('tiny-ctc')!, 1000)).rejects.toMatchObject({
        code: 'MODEL_TOO_LARGE',
      });
      for (const file of [path.join(folder, 'none'), folder]) {
        await expect(backend.loadModelFile(file, 0)).rejects.toMatchObject({ code: 'IO_ERROR' });
      }
    });

    it('does not feel a file that changes after it was loaded', async () => {
      const file = path.join(folder, 'changing.safetensors');
      writeFileSync(file, readFileSync(files.get('tiny-streaming')!));
      const model = await backend.loadModelFile(file, 0);
      truncateSync(file, 10);
      const session = model.openSession(defaults);
      const expected = await run((await loadModel()).openSession(defaults), samples);
      expect(await run(session, samples)).toEqual(expected);
    });

    it('keeps the weights of open sessions when the model is closed', async () => {
      const model = await loadModel();
      const session = model.openSession(defaults);
      const expected = await run(session, samples);
      await session.reset();
      model.close();
      model.close();
      expect(await run(session, samples)).toEqual(expected);
      expect(() => model.openSession(defaults)).toThrow(/closed/);
    });

    it('opens a session although reading its options closes the model', async () => {
      const model = await loadModel();
      const expected = await run((await loadModel()).openSession(defaults), samples);
      const session = model.openSession({
        ...defaults,
        get sampleRate() {
          model.close();
          return 0;
        },
      });
      expect(await run(session, samples)).toEqual(expected);
    });

    it('has worked on all of a write once it settles', async () => {
      const model = await loadModel();
      const speech = new Float32Array(5 * 16000);
      speech.set(samples.subarray(0, 2 * 16000));
      // Among so many pauses there are some that end just when a chunk does, so that two events are due.
      for (let pauseSeconds = 0.3; pauseSeconds < 1.3; pauseSeconds += 0.01) {
        const session = model.openSession({ ...defaults, pauseSeconds });
        const isFinal = ({ type }: TranscriptEvent) => type === 'final';
        let heard = 32000;
        let { events } = await session.write(speech.subarray(0, heard));
        for (; !events.some(isFinal) && heard < speech.length; heard += 160) {
          ({ events } = await session.write(speech.subarray(heard, heard + 160)));
        }
        await session.reset();
        ({ events } = await session.write(speech.subarray(0, heard)));
        expect(events.filter(isFinal)).toHaveLength(heard < speech.length ? 1 : 0);
        session.close();
      }
    });

    it('takes a count beyond all bounds for one that is out of range', async () => {
      const model = await loadModel();
      for (const name of ['channels', 'chunkFrames', 'lookAheadFrames', 'beam'] as const) {
        for (const value of [1e12, -1e12]) {
          expect(() => model.openSession({ ...defaults, [name]: value })).toThrow(
            expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
          );
        }
      }
    });

    it('takes nothing of audio that is not finite, and goes on', async () => {
      const session = (await loadModel()).openSession(defaults);
      const expected = await run(session, samples);
      await session.reset();
      const half = samples.length >> 1;
      const events = [...(await session.write(samples.subarray(0, half))).events];
      const bad = Float32Array.of(0.5, 0.5, Number.NaN);
      await expect(session.write(bad)).rejects.toMatchObject({ code: 'PCM_NON_FINITE' });
      events.push(...(await run(session, samples.subarray(half))));
      expect(events).toEqual(expected);
    });

    it('copies samples before write returns', async () => {
      const session = (await loadModel()).openSession(defaults);
      const expected = await run(session, samples);
      await session.reset();
      const copy = samples.slice();
      const step = session.write(copy);
      copy.fill(1);
      const { events } = await step;
      expect([...events, ...(await run(session, new Float32Array(0)))]).toEqual(expected);
    });

    it('ends a segment when asked, and goes on', async () => {
      const session = (await loadModel()).openSession(defaults);
      const half = samples.length >> 1;
      const events = [...(await session.write(samples.subarray(0, half))).events];
      for (let done = false; !done; ) {
        const step = await session.endSegment();
        events.push(...step.events);
        done = step.done;
      }
      const forced = events.at(-1);
      expect(forced).toMatchObject({ type: 'final', reason: 'forced' });
      expect(forced?.end).toBeCloseTo(half / 16000, 2);
      const rest = await run(session, samples.subarray(half));
      expect(rest.at(-1)).toMatchObject({ type: 'final', reason: 'end' });
      await expect(session.endSegment()).rejects.toMatchObject({ code: 'SESSION_FINISHED' });
    });

    it('says when speech starts, and how sure it is of each word', async () => {
      const events = await run((await loadModel()).openSession(defaults), samples);
      expect(events[0]).toMatchObject({ type: 'speech-start', segment: 0, text: '', words: [] });
      expect(events[0]).not.toHaveProperty('reason');
      const words = events.flatMap((event) => event.words);
      expect(words.length).toBeGreaterThan(0);
      for (const { confidence } of words) {
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThan(1);
      }
    });

    it('sums up what goes into float matrices, on demand, and says the same', async () => {
      const model = await backend.loadModelFile(
        await writeRandomModel(folder, 'tiny-ctc', { bits: 32 }),
        0,
      );
      const session = model.openSession(defaults);
      const expected = await run(session, samples);
      expect(() => session.moments('ctc.weight')).toThrow(/a session that observes/);
      await session.reset();
      session.observe();
      expect(await run(session, samples)).toEqual(expected);
      const frames = session.memory().frames;
      const once = session.moments('ctc.weight');
      expect(once.inputs).toBe(32);
      expect(once.rows).toBe(frames);
      for (let i = 0; i < 32; ++i) {
        expect(once.values[33 * i]).toBeGreaterThan(0);
        for (let k = 0; k < i; ++k) expect(once.values[32 * i + k]).toBe(once.values[32 * k + i]);
      }
      await session.reset();
      await run(session, samples);
      const twice = session.moments('ctc.weight');
      expect(twice.rows).toBe(2 * frames);
      expect(twice.values[33]! / once.values[33]!).toBeCloseTo(2, 4);
      session.observe();
      expect(session.moments('ctc.weight').rows).toBe(0);
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
      expect(() => session.moments('encoder.norm.weight')).toThrow(refused);
      const quantized = (await loadModel('tiny-ctc')).openSession(defaults);
      expect(() => quantized.observe()).toThrow(refused);
    });

    it('refuses audio after the end, until reset', async () => {
      const session = (await loadModel()).openSession(defaults);
      await run(session, samples);
      const refused = { code: 'SESSION_FINISHED' };
      await expect(session.write(samples)).rejects.toMatchObject(refused);
      await session.reset();
      await session.write(samples);
    });

    it('resamples and mixes channels', async () => {
      const options = { ...defaults, sampleRate: 48000, channels: 2 };
      const session = (await loadModel()).openSession(options);
      const stereo = new Float32Array(6 * samples.length);
      for (let i = 0; i < stereo.length; i++) stereo[i] = samples[Math.floor(i / 6)]!;
      const final = (await run(session, stereo)).at(-1);
      expect(final?.audioProcessed).toBeCloseTo(4, 1);
    });

    it.each<[string, Partial<BackendSessionOptions>]>([
      ['a rate of 1 Hz', { sampleRate: 1 }],
      ['9 channels', { channels: 9 }],
      ['a beam of 9', { beam: 9 }],
      ['a chunk the model lacks', { chunkFrames: 5 }],
      ['a negative pause', { pauseSeconds: -1 }],
      ['a least pause above the pause', { leastPauseSeconds: 1 }],
      ['a negative least of speech', { minSpeechSeconds: -2 }],
      ['a confidence above 1', { minConfidence: 2 }],
    ])('refuses %s', async (_, options) => {
      const model = await loadModel();
      expect(() => model.openSession({ ...defaults, ...options })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    });

    it('does not block the event loop', async () => {
      const session = (await loadModel()).openSession(defaults);
      let isPending = true;
      const step = session.write(samples).finally(() => {
        isPending = false;
      });
      expect(await new Promise((resolve) => setImmediate(() => resolve(isPending)))).toBe(true);
      await step;
    });

    it('refuses a call while another is in progress', async () => {
      const session = (await loadModel()).openSession(defaults);
      const step = session.write(samples);
      await expect(session.write(samples)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/in progress.*Wait/),
      });
      await step;
    });

    it('finishes a call in progress when the session is closed', async () => {
      const session = (await loadModel()).openSession(defaults);
      const step = session.write(samples);
      session.close();
      session.close();
      expect((await step).seconds).toBeGreaterThan(0);
      await expect(session.write(samples)).rejects.toThrow(/closed/);
    });
  });
}
