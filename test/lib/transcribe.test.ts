// transcribe(): audio at the pace of the engine, callbacks, and clean ends.
import { describe, expect, it } from 'vitest';
import type { TranscriptEvent } from '../../lib/events/types.js';
import { Model } from '../../lib/model.js';
import { transcribe } from '../../lib/transcribe.js';
import { FakeModel } from './fake-backend.js';

async function* chunksOf(...lengths: number[]) {
  for (const length of lengths) yield new Float32Array(length);
}

function open() {
  const backend = new FakeModel();
  return { backend, model: new Model(backend) };
}

const source = (chunks: AsyncIterable<Float32Array>) => ({ sampleRate: 8000, channels: 2, chunks });

it('resolves with the transcript and closes its session', async () => {
  const { backend, model } = open();
  const transcript = await transcribe(model, source(chunksOf(8000, 8000)), { beam: 2 });
  expect(transcript).toMatchObject({ text: '16000', durationSeconds: 1 });
  expect(backend.sessions[0]?.options).toMatchObject({
    ...{ sampleRate: 8000, channels: 2, beam: 2, noPartials: true },
  });
  expect(backend.sessions[0]?.closes).toBe(1);
});

it('hears whole segments where nobody waits for partial texts', async () => {
  for (const [options, chunkFrames] of [
    [{}, -1],
    [{ chunkMs: 312 }, 13],
    [{ partials: true }, 0],
    [{ secondPass: true }, 0],
    [{ lookAheadMs: 0 }, 0],
    [{ partials: true, chunkMs: 'segment' }, -1],
  ] as const) {
    const { backend, model } = open();
    await transcribe(model, source(chunksOf(2)), options);
    expect(backend.sessions[0]?.options.chunkFrames).toBe(chunkFrames);
  }
});

it('tells events and progress', async () => {
  const events: TranscriptEvent[] = [];
  const seconds: number[] = [];
  await transcribe(open().model, source(chunksOf(8000, 8000)), {
    onEvent: (event) => events.push(event),
    onProgress: ({ secondsDone }) => seconds.push(secondsDone),
  });
  expect(events.map(({ type }) => type)).toEqual(['partial', 'partial', 'final']);
  expect(seconds).toEqual([0.5, 1]);
});

it('takes the next piece of audio only when the engine is done with the last', async () => {
  const { backend, model } = open();
  let ahead = 0;
  async function* watched() {
    for (let i = 0; i < 4; i++) {
      ahead = Math.max(ahead, i * 100 - (backend.sessions[0]?.heard ?? 0));
      yield new Float32Array(100);
    }
  }
  await transcribe(model, source(watched()));
  expect(ahead).toBe(0);
});

it('passes on what the source, or a callback, throws, and closes its session', async () => {
  async function* broken() {
    yield new Float32Array(2);
    throw new Error('disk gone');
  }
  const fail = () => {
    throw new Error('callback');
  };
  for (const [chunks, options, message] of [
    [broken(), {}, 'disk gone'],
    [chunksOf(2, 2), { onProgress: fail }, 'callback'],
  ] as const) {
    const { backend, model } = open();
    await expect(transcribe(model, source(chunks), options)).rejects.toThrow(message);
    expect(backend.sessions[0]?.closes).toBe(1);
  }
});

it('passes on what onEvent throws, rather than that the session was closed for it', async () => {
  const { backend, model } = open();
  const options = {
    onEvent: () => {
      throw new Error('listener');
    },
  };
  await expect(transcribe(model, source(chunksOf(2, 2, 2)), options)).rejects.toThrow('listener');
  expect(backend.sessions[0]?.closes).toBe(1);
});

it('stops on its signal', async () => {
  const controller = new AbortController();
  const done = transcribe(open().model, source(chunksOf(2, 2, 2)), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(done).rejects.toMatchObject({ code: 'ABORTED' });
});

describe('a source that falls silent', () => {
  const silent = () => {
    let closed = false;
    async function* chunks() {
      yield new Float32Array(2);
      await new Promise(() => {});
    }
    const close = async () => {
      closed = true;
    };
    return { ...source(chunks()), close, isClosed: () => closed };
  };

  it('does not keep a call from being aborted', async () => {
    const { backend, model } = open();
    const audio = silent();
    const done = transcribe(model, audio, { signal: AbortSignal.timeout(20) });
    await expect(done).rejects.toMatchObject({ code: 'ABORTED' });
    expect(backend.sessions[0]?.closes).toBe(1);
    expect(audio.isClosed()).toBe(true);
  });

  it('does not keep a call from failing', async () => {
    const onEvent = async () => {
      throw new Error('listener');
    };
    const done = transcribe(open().model, silent(), { partials: true, onEvent });
    await expect(done).rejects.toThrow('listener');
  });

  it('may be silent from the start', async () => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      await new Promise(() => {});
    }
    const done = transcribe(open().model, bytes(), { signal: AbortSignal.timeout(20) });
    await expect(done).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

it('takes partials: undefined for not given', async () => {
  const { backend, model } = open();
  const options = { partials: undefined } as unknown as { partials: boolean };
  await transcribe(model, source(chunksOf(2)), options);
  expect(backend.sessions[0]?.options.noPartials).toBe(true);
});

it('refuses a stream of anything but bytes', async () => {
  async function* texts() {
    yield 'RIFF';
  }
  const stream = texts() as unknown as AsyncIterable<Uint8Array>;
  await expect(transcribe(open().model, stream)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('a stream of bytes'),
  });
});
