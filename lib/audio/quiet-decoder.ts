// Keeps the WebAssembly decoders from printing: what they report becomes an error instead.

// The decoders write each fault to console.error as well as into their result, and the MP3 decoder
// may then try again for ever. While one of them runs, a message that begins like theirs throws.
const DECODER_MESSAGE = /^(@wasm-audio-decoders\/|mpg123-decoder|libopus )/;

let running = 0;
let printed: typeof console.error;

function refuse(...args: unknown[]): void {
  const [message] = args;
  if (typeof message === 'string' && DECODER_MESSAGE.test(message)) {
    throw new Error(message.replace(/\s+/g, ' ').trim());
  }
  printed(...args);
}

/** Runs a decoder; its first fault rejects. Messages of anybody else are printed as ever. */
export async function runQuietly<T>(decode: () => T | Promise<T>): Promise<T> {
  if (running++ === 0) {
    printed = console.error;
    console.error = refuse;
  }
  try {
    return await decode();
  } finally {
    if (--running === 0) console.error = printed;
  }
}
