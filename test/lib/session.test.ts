// The facade's session: order, pace, ends, and every way to fail.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ParrotletError } from '../../lib/errors.js';
import { collect, gate, openFake, SAMPLE_RATE } from './fake-backend.js';

const second = new Float32Array(SAMPLE_RATE);

describe('the order of calls', () => {
  it('is kept where they were not awaited', async () => {
    const { session, engine } = openFake();
    const calls = [
      session.write(new Float32Array(3)),
      session.finish(),
      session.reset(),
      session.write(new Float32Array(2)),
    ];
    await Promise.all(calls);
    expect(engine.calls).toEqual(['write 3', 'finish', 'finish', 'reset', 'write 2']);
  });

  it('hands long audio to the engine by the second', async () => {
    const { session, engine } = openFake();
    await session.write(new Float32Array(2.5 * SAMPLE_RATE));
    expect(engine.calls).toEqual(['write 16000', 'write 16000', 'write 8000']);
  });

  it('copies the samples before write returns', async () => {
    const { session, engine } = openFake();
    const samples = new Float32Array([0.5, 0.25]);
    const written = session.write(samples);
    samples.fill(0);
    await written;
    expect([...engine.pieces[0]!]).toEqual([0.5, 0.25]);
  });

  it('accepts an empty write', async () => {
    const { session, engine } = openFake();
    await session.write(new Float32Array(0));
    expect(engine.calls).toEqual([]);
  });
});

describe('finish', () => {
  it('resolves with all finals, their text joined, and the times', async () => {
    const { session } = openFake();
    await session.write(new Float32Array(8000));
    const transcript = await session.finish();
    expect(transcript).toMatchObject({ text: '8000', words: [], durationSeconds: 0.5 });
    expect(transcript.segments.map(({ type }) => type)).toEqual(['final']);
    expect(transcript.processingSeconds).toBeCloseTo(0.003);
  });

  it('gives the same promise when called again', () => {
    const { session } = openFake();
    expect(session.finish()).toBe(session.finish());
  });

  it('refuses audio afterwards and says that reset() helps', async () => {
    const { session } = openFake();
    await session.finish();
    await expect(session.write(second)).rejects.toMatchObject({
      code: 'SESSION_FINISHED',
      message: expect.stringContaining('reset()'),
    });
    await session.reset();
    await session.write(new Float32Array(4));
    expect((await session.finish()).text).toBe('4');
  });
});

describe('endSegment', () => {
  it('makes what was written before a final, in order, and the session goes on', async () => {
    const { session, engine } = openFake();
    const events = collect(session);
    await Promise.all([
      session.write(new Float32Array(3)),
      session.endSegment(),
      session.write(new Float32Array(2)),
      session.finish(),
    ]);
    expect(engine.calls.slice(0, 4)).toEqual(['write 3', 'endSegment', 'endSegment', 'write 2']);
    const finals = (await events).filter((event) => event.type === 'final');
    expect(finals.map(({ text, reason }) => `${text} ${reason}`)).toEqual(['3 forced', '5 end']);
  });

  it('is refused after finish() and after close()', async () => {
    const { session } = openFake();
    await session.finish();
    await expect(session.endSegment()).rejects.toMatchObject({ code: 'SESSION_FINISHED' });
    await session.close();
    await expect(session.endSegment()).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });
});

describe('pace', () => {
  it('resolves write only when the engine has worked on the audio', async () => {
    const { session, engine } = openFake();
    const { closed, open } = gate();
    engine.gate = closed;
    let isDone = false;
    const written = session.write(second).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isDone).toBe(false);
    open();
    await written;
    expect(isDone).toBe(true);
  });

  it('rejects audio beyond maxQueuedSeconds, takes nothing of it, and goes on', async () => {
    const { session, engine } = openFake({ maxQueuedSeconds: 2 });
    const { closed, open } = gate();
    engine.gate = closed;
    const accepted = [session.write(second), session.write(second)];
    await expect(session.write(second)).rejects.toMatchObject({
      code: 'BACKPRESSURE',
      message: expect.stringMatching(/at most 2 s.*3\.0 s.*Await/),
    });
    open();
    await Promise.all(accepted);
    await session.write(second);
    expect(engine.heard).toBe(3 * SAMPLE_RATE);
  });

  it('accepts one write of any length when nothing waits', async () => {
    const { session, engine } = openFake({ maxQueuedSeconds: 1 });
    await session.write(new Float32Array(3 * SAMPLE_RATE));
    expect(engine.heard).toBe(3 * SAMPLE_RATE);
  });
});

describe('events', () => {
  it('arrive while a long write is still worked on', async () => {
    const { session, engine } = openFake();
    const events = session[Symbol.asyncIterator]();
    const written = session.write(new Float32Array(2 * SAMPLE_RATE));
    const first = await events.next();
    expect(first.value).toMatchObject({ type: 'partial', text: '16000' });
    expect(engine.heard).toBe(SAMPLE_RATE);
    await written;
  });

  it('end with the stream', async () => {
    const { session } = openFake();
    const events = collect(session);
    await session.write(second);
    await session.finish();
    expect((await events).map(({ type, text }) => `${type} ${text}`)).toEqual([
      'partial 16000',
      'final 16000',
    ]);
  });

  it('wait for a reader that comes late', async () => {
    const { session } = openFake();
    await session.write(second);
    await session.finish();
    expect(await collect(session)).toHaveLength(2);
  });

  it('begin anew after a reset', async () => {
    const { session } = openFake();
    await session.write(second);
    await session.finish();
    await collect(session);
    await session.reset();
    const events = collect(session);
    await session.write(new Float32Array(5));
    await session.finish();
    expect((await events).map(({ text }) => text)).toEqual(['5', '5']);
  });

  it('have one reader', async () => {
    const { session } = openFake();
    session[Symbol.asyncIterator]();
    expect(() => session[Symbol.asyncIterator]()).toThrow(/one reader/);
    expect(() => session.readable).toThrow(/one reader/);
  });

  it('go on where a reader left', async () => {
    const { session } = openFake();
    await session.write(second);
    for await (const event of session) {
      expect(event.type).toBe('partial');
      break;
    }
    await session.finish();
    expect((await collect(session)).map(({ type }) => type)).toEqual(['final']);
  });
});

describe('close', () => {
  it('waits for the call in progress, rejects the rest, and frees once', async () => {
    const { session, engine } = openFake();
    const { closed, open } = gate();
    engine.gate = closed;
    const calls = [session.write(second), session.write(second), session.finish()];
    const settled = Promise.allSettled(calls);
    await new Promise(setImmediate);
    const closing = session.close();
    expect(session.close()).toBe(closing);
    open();
    await closing;
    for (const call of await settled) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'SESSION_CLOSED' } });
    }
    expect(engine.calls).toEqual(['write 16000', 'close']);
  });

  it('ends iteration', async () => {
    const { session } = openFake();
    const events = collect(session);
    await session.close();
    expect(await events).toEqual([]);
  });

  it('is what await using calls', async () => {
    const { session, engine } = openFake();
    await session[Symbol.asyncDispose]();
    expect(engine.closes).toBe(1);
  });

  it('makes every later call fail with what to do', async () => {
    const { session } = openFake();
    await session.close();
    const closed = { code: 'SESSION_CLOSED', message: expect.stringContaining('createSession()') };
    await expect(session.write(second)).rejects.toMatchObject(closed);
    await expect(session.finish()).rejects.toMatchObject(closed);
    await expect(session.reset()).rejects.toMatchObject(closed);
  });
});

describe('abort', () => {
  it('rejects what waits with an AbortError that carries the reason, and closes', async () => {
    const controller = new AbortController();
    const { session, engine } = openFake({ signal: controller.signal });
    const { closed, open } = gate();
    engine.gate = closed;
    const reading = collect(session);
    const settled = Promise.allSettled([session.write(second), session.finish(), reading]);
    await new Promise(setImmediate);
    controller.abort(new Error('enough'));
    open();
    for (const call of await settled) {
      expect(call).toMatchObject({
        status: 'rejected',
        reason: { code: 'ABORTED', name: 'AbortError', cause: { message: 'enough' } },
      });
    }
    await session.close();
    expect(engine.closes).toBe(1);
    await expect(session.write(second)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('before the session is made opens nothing', () => {
    expect(() => openFake({ signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    );
  });
});

it('watch one signal together, by one listener', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const opened = Array.from({ length: 12 }, () => openFake({ signal }));
  await opened[0]!.session.close();
  await opened[1]!.session.finish();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  await Promise.all(opened.map(({ session }) => session.close()));
  expect(opened.map(({ engine }) => engine.closes)).toEqual(opened.map(() => 1));
  await expect(opened[0]!.session.write(second)).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  await expect(opened[2]!.session.write(second)).rejects.toMatchObject({ code: 'ABORTED' });
});

describe('failures of the engine', () => {
  it('reach the caller and the reader, and close the session', async () => {
    const { session, engine } = openFake();
    const reading = collect(session).catch((error) => error);
    engine.failure = new ParrotletError('OUT_OF_MEMORY', 'no memory');
    await expect(session.write(second)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(await reading).toMatchObject({ code: 'OUT_OF_MEMORY' });
    await expect(session.write(second)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    await session.close();
    expect(engine.closes).toBe(1);
  });
});

describe('Web streams', () => {
  it('carry audio in and events out', async () => {
    const { session } = openFake();
    const audio = new ReadableStream<Float32Array>({
      start(controller) {
        controller.enqueue(new Float32Array(4));
        controller.enqueue(new Float32Array(2));
        controller.close();
      },
    });
    const events = await collect(audio.pipeThrough(session));
    expect(events.map(({ type, text }) => `${type} ${text}`)).toEqual([
      'partial 4',
      'partial 6',
      'final 6',
    ]);
  });

  it('close the session when the source fails', async () => {
    const { session, engine } = openFake();
    const audio = new ReadableStream<Float32Array>({
      pull(controller) {
        controller.error(new Error('unplugged'));
      },
    });
    await expect(audio.pipeTo(session.writable)).rejects.toThrow('unplugged');
    await session.close();
    expect(engine.closes).toBe(1);
  });

  it('tell the reader of the events that the source failed', async () => {
    const { session } = openFake();
    const audio = new ReadableStream<Float32Array>({
      pull(controller) {
        controller.error(new Error('unplugged'));
      },
    });
    await expect(collect(audio.pipeThrough(session))).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringContaining('before its end: unplugged'),
    });
  });

  it('tell the reader of the events that a write failed, and close the session', async () => {
    for (const [piece, code] of [
      [Float32Array.of(Number.NaN), 'PCM_NON_FINITE'],
      ['samples' as unknown as Float32Array, 'INVALID_ARGUMENT'],
    ] as const) {
      const { session, engine } = openFake();
      const audio = new ReadableStream<Float32Array>({ start: (to) => to.enqueue(piece) });
      await expect(collect(audio.pipeThrough(session))).rejects.toMatchObject({ code });
      await session.close();
      expect(engine.closes).toBe(1);
    }
  });

  it('let go of the events when the reader cancels', async () => {
    const { session } = openFake();
    const reader = session.readable.getReader();
    const pending = reader.read();
    await reader.cancel();
    expect(await pending).toMatchObject({ done: true });
    expect(() => session[Symbol.asyncIterator]()).not.toThrow();
  });
});

it('tells its memory, delay and chunk', () => {
  const { session } = openFake();
  expect(session).toMatchObject({ stateBytes: 1234, algorithmicDelayMs: 100, chunkMs: 648 });
  expect(openFake({ chunkMs: 'segment' }).session.chunkMs).toBe('segment');
});
