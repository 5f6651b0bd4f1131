// Shows what is said while it is said. Pipe 16-bit mono audio at 16 kHz into it:
//   arecord -q -f S16_LE -r 16000 -c 1 -t raw | npx tsx examples/microphone.ts
//   sox -q -d -e signed -b 16 -r 16000 -c 1 -t raw - | npx tsx examples/microphone.ts
// Ctrl-C ends the recording; what was said last is then still written.
import { loadModel, type Session } from 'parrotlet';

async function show(session: Session): Promise<void> {
  for await (const { type, text, stableText } of session) {
    const unstable = text.slice(stableText.length);
    process.stdout.write(`\r\x1b[K${stableText}\x1b[2m${unstable}\x1b[22m`);
    if (type === 'final') process.stdout.write('\n');
  }
}

using model = await loadModel('default');
await using session = model.createSession({ sampleRate: 16000, encoding: 's16le' });
const shown = show(session);

// The recorder gets the Ctrl-C too and closes the pipe, which ends the loop below.
process.on('SIGINT', () => {});
for await (const bytes of process.stdin) await session.write(bytes);

await session.finish();
await shown;
