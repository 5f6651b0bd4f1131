// Feeds a session for every browser (or other client) that connects by WebSocket:
//   npm install && node server.mjs        then open http://localhost:8080
// A client connects to ws://localhost:8080/?sampleRate=48000 and sends 16-bit little-endian mono samples
// in binary messages of any length, and the text message "end" when there are no more. It receives each
// event as JSON and then the closing handshake, whose code is 1000 if all went well.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { loadModel, ParrotletError } from 'parrotlet';
import { WebSocketServer } from 'ws';

const FILES = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/microphone-worklet.js': ['microphone-worklet.js', 'text/javascript'],
};

const model = await loadModel('default'); // its weights are shared by all sessions

const http = createServer(async ({ url }, response) => {
  const [file, type] = FILES[url] ?? [];
  if (!file) return response.writeHead(404).end();
  response.setHeader('content-type', type).end(await readFile(new URL(file, import.meta.url)));
});

new WebSocketServer({ server: http, maxPayload: 2 ** 20 }).on('connection', (socket, { url }) => {
  socket.on('error', () => {}); // a message that is too long, say: the socket closes by itself
  const fail = (error) => {
    const isTheirs = ParrotletError.is(error) && error.code !== 'INTERNAL';
    // The protocol has room for 123 bytes of reason.
    socket.close(isTheirs ? 1008 : 1011, Buffer.from(error.message).subarray(0, 123));
  };
  recognize().catch(fail);

  async function recognize() {
    const parameters = new URLSearchParams(url.split('?')[1]);
    const sampleRate = Number(parameters.get('sampleRate') ?? 16000);
    const session = model.createSession({ sampleRate, secondPass: true });
    socket.on('close', () => session.close());
    socket.on('message', (data, isBinary) => {
      // Should a client send faster than the engine works, write() fails once 30 s of audio wait.
      (isBinary ? session.write(data) : session.finish()).catch(fail);
    });
    for await (const event of session) socket.send(JSON.stringify(event));
    socket.close(1000);
  }
});

http.listen(Number(process.env.PORT ?? 8080), 'localhost', () => {
  console.log(`Open http://localhost:${http.address().port}`);
});
