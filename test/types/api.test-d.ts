// The public types, as a caller sees them; compiled by `npm run typecheck`, never run.
import {
  type AudioSource,
  type BackendInfo,
  type backendInfo,
  type ERROR_CODES,
  type ErrorCode,
  type FinalEvent,
  type loadModel,
  type Model,
  ParrotletError,
  type PcmInput,
  type Session,
  type Transcript,
  type TranscriptEvent,
  transcribe,
} from 'parrotlet';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectType = <_Holds extends true>(): void => {};

expectType<Equal<Awaited<ReturnType<typeof loadModel>>, Model>>();
expectType<Equal<(typeof ERROR_CODES)[number], ErrorCode>>();
expectType<Equal<ReturnType<typeof backendInfo>, BackendInfo>>();
expectType<Equal<ReturnType<Session['finish']>, Promise<Transcript>>>();

export async function use(model: Model, source: AudioSource): Promise<void> {
  await using session = model.createSession({ chunkMs: 'segment', signal: AbortSignal.timeout(9) });
  const inputs: PcmInput[] = [new Float32Array(1), new Int16Array(1), Buffer.alloc(2)];
  for (const pcm of inputs) await session.write(pcm);
  for await (const event of session) {
    expectType<Equal<typeof event, TranscriptEvent>>();
    if (event.type === 'final') expectType<Equal<typeof event, FinalEvent>>();
  }
  const piped = new ReadableStream<PcmInput>().pipeThrough(session);
  expectType<Equal<typeof piped, ReadableStream<TranscriptEvent>>>();
  await transcribe(model, source, { beam: 4, onEvent: ({ text }) => text });

  // @ts-expect-error a chunk is a number or 'segment'
  model.createSession({ chunkMs: 'whole' });
  // @ts-expect-error there is no such option
  model.createSession({ sampelRate: 16000 });
  // @ts-expect-error doubles are not taken
  await session.write(new Float64Array(1));
  // @ts-expect-error events are read-only
  for await (const event of session) event.text = '';
  // @ts-expect-error the rate comes from the source
  await transcribe(model, source, { sampleRate: 8000 });
  // @ts-expect-error a code of the list
  throw new ParrotletError('NONSENSE', '');
}
