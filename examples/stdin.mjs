// Feeds a session from standard input: 16-bit little-endian mono samples at 16 kHz, from any program.
//   arecord -q -t raw -f S16_LE -r 16000 -c 1 | node stdin.mjs
//   sox recording.wav -t raw -e signed -b 16 -r 16000 -c 1 - | node stdin.mjs
import { Readable } from 'node:stream';
import { loadModel } from 'parrotlet';

const model = await loadModel('default');
// The most accurate way: a segment is heard as a whole once it has ended.
const options = { sampleRate: 16000, encoding: 's16le', partials: false, chunkMs: 'segment' };
const session = model.createSession(options);

// Ctrl-C is also for the program that writes; when it ends, so does our input, and what was said last
// is still recognized.
process.on('SIGINT', () => {});

// A session is a pair of Web streams. The end of the input finishes it, which ends the loop below.
const fed = Readable.toWeb(process.stdin).pipeTo(session.writable);
for await (const { type, start, text } of session) {
  if (type === 'final') console.log(`${start.toFixed(1).padStart(7)}  ${text}`);
}

await fed;
await session.close();
model.close();
