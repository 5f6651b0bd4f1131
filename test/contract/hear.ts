// What the native engine makes of samples, alone and as one segment.

import type { BackendSessionOptions } from '../../lib/backend/backend.js';
import { loadNative } from '../../lib/backend/native.js';

/** The encoder's output and the text of a model file for `samples`, mono at its own rate. */
export async function hear(
  modelPath: string,
  samples: Float32Array,
  { chunkFrames, minConfidence }: Pick<BackendSessionOptions, 'chunkFrames' | 'minConfidence'>,
) {
  const model = await loadNative().loadModelFile(modelPath, 0);
  const session = model.openSession({
    ...{
      sampleRate: 0,
      channels: 1,
      chunkFrames,
      lookAheadFrames: 0,
      noPartials: true,
      noPauses: true,
    },
    ...{ pauseSeconds: 0, leastPauseSeconds: 0, minSpeechSeconds: 0, maxSegmentSeconds: 0 },
    ...{ minConfidence, beam: 1, keepLoops: true, noWords: true, secondPass: false },
  });
  const events = [...(await session.write(samples)).events];
  for (let done = false; !done; ) {
    const step = await session.finish();
    events.push(...step.events);
    done = step.done;
  }
  const { values } = session.memory();
  session.close();
  model.close();
  return { values, text: events.map(({ text }) => text).join(' ') };
}
