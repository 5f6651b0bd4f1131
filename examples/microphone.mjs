// Feeds a session from a microphone and shows what is said while it is said; Ctrl-C ends it.
//   npm install parrotlet decibri && node microphone.mjs
// decibri records on Linux, macOS and Windows and needs no compiler.
import { Microphone } from 'decibri';
import { loadModel } from 'parrotlet';

const model = await loadModel('default');
// What is shown first is corrected when its segment ends.
const session = model.createSession({ sampleRate: 16000, secondPass: true });
const microphone = await Microphone.open({ sampleRate: 16000, channels: 1 });
process.once('SIGINT', () => microphone.stop());

async function feed() {
  // Bytes of 16-bit samples, as sessions take them.
  for await (const bytes of microphone) await session.write(bytes);
  await session.finish();
}

async function show() {
  for await (const { type, text, stableText } of session) {
    if (type === 'final') console.log(process.stdout.isTTY ? `\r\x1b[K${text}` : text);
    // Words that may still change are dim.
    else if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[K${stableText}\x1b[2m${text.slice(stableText.length)}\x1b[0m`);
    }
  }
}

// Together, so that the failure of either ends the program.
await Promise.all([feed(), show()]);
await session.close();
model.close();
