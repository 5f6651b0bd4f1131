// Feeds a session from an audio file (WAV, FLAC, Ogg Opus, MP3) and prints when each word was said:
//   node file.mjs recording.flac
// The call `transcribe(model, file)` does all of this at once; so fed, a session can do it for any
// source of samples.
import { loadModel, openAudio, ParrotletError } from 'parrotlet';

try {
  const model = await loadModel('default');
  const audio = await openAudio(process.argv[2] ?? '');
  const { sampleRate, channels } = audio;
  // Nobody reads along, so the text is wanted when a segment has ended, and it may be heard as a whole.
  const options = { sampleRate, channels, partials: false, chunkMs: 'segment' };
  const session = model.createSession(options);

  // Waiting for each write keeps the pace of the engine, and memory small however long the file.
  for await (const samples of audio.chunks) await session.write(samples);

  const { words, durationSeconds, processingSeconds } = await session.finish();
  for (const { start, end, text } of words) {
    console.log(`${start.toFixed(2).padStart(8)} ${end.toFixed(2).padStart(8)}  ${text}`);
  }
  const factor = processingSeconds / durationSeconds;
  console.error(`${durationSeconds.toFixed(1)} s, real-time factor ${factor.toFixed(3)}`);

  await session.close();
  model.close();
} catch (error) {
  if (!ParrotletError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
