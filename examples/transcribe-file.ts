// Transcribes an audio file (WAV, FLAC, Ogg Opus, MP3), with the times of its words:
//   npx tsx examples/transcribe-file.ts recording.wav
import { loadModel, ParrotletError, transcribe } from 'parrotlet';

const file = process.argv[2];
if (file === undefined) {
  console.error('Usage: transcribe-file.ts FILE');
  process.exit(2);
}

try {
  using model = await loadModel('default');
  const transcript = await transcribe(model, file, {
    onEvent: (event) => event.type === 'final' && console.log(event.text),
  });
  for (const { text, start, end } of transcript.words) {
    console.log(`${start.toFixed(2).padStart(8)} ${end.toFixed(2).padStart(8)}  ${text}`);
  }
  const factor = transcript.processingSeconds / transcript.durationSeconds;
  console.log(
    `${transcript.durationSeconds.toFixed(1)} s of audio, real-time factor ${factor.toFixed(3)}`,
  );
} catch (error) {
  if (!ParrotletError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
