// Where models come from, and how each source fails.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LoadProgress, loadModel } from '../../lib/load-model.js';
import { FakeModel, gate } from './fake-backend.js';

const engine = vi.hoisted(() => ({
  loadModelFile: vi.fn(),
  loadModelBytes: vi.fn(),
}));
vi.mock('../../lib/backend/choose.js', () => ({
  chooseBackend: () => ({ backend: engine, attempts: [] }),
}));

let folder: string;
let file: string;
let server: Server;
let base: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'parrotlet-'));
  file = path.join(folder, 'a model.safetensors');
  await writeFile(file, 'twelve bytes');
  server = createServer((request, response) => {
    if (request.url === '/model') response.end('twelve bytes');
    else if (request.url === '/endless') {
      response.write('x'.repeat(1000));
      response.write('x'.repeat(1000));
    } else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('short', () => response.destroy());
    } else {
      response.writeHead(request.url === '/missing' ? 404 : 500).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  engine.loadModelFile.mockReset().mockImplementation(async () => new FakeModel());
  engine.loadModelBytes.mockReset().mockImplementation(async () => new FakeModel());
});

describe('a source', () => {
  it('is a path', async () => {
    const model = await loadModel(file);
    expect(model.info.name).toBe('fake');
    expect(engine.loadModelFile).toHaveBeenCalledWith(file, 2 ** 30);
  });

  it('is a file URL, with escaped characters', async () => {
    await loadModel(pathToFileURL(file), { maxBytes: 99 });
    expect(engine.loadModelFile).toHaveBeenCalledWith(file, 99);
  });

  it('is the bytes of a file', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    await loadModel(bytes);
    expect(engine.loadModelBytes).toHaveBeenCalledWith(bytes);
  });

  it('is a URL as a string', async () => {
    await loadModel(pathToFileURL(file).href);
    expect(engine.loadModelFile).toHaveBeenCalledWith(file, 2 ** 30);
    await loadModel(`${base}/model`);
    expect(engine.loadModelBytes).toHaveBeenCalledOnce();
  });

  it('is an http URL, read with progress', async () => {
    const seen: LoadProgress[] = [];
    await loadModel(new URL(`${base}/model`), { onProgress: (progress) => seen.push(progress) });
    expect(Buffer.from(engine.loadModelBytes.mock.calls[0]?.[0]).toString()).toBe('twelve bytes');
    expect(seen.map(({ status }) => status)).toEqual(['start', 'read', 'ready']);
    expect(seen.at(-1)).toMatchObject({ source: `${base}/model`, loadedBytes: 12, totalBytes: 12 });
  });
});

it('passes on what the callback throws, in the middle of a download too', async () => {
  const onProgress = () => {
    throw new Error('callback');
  };
  await expect(loadModel(new URL(`${base}/model`), { onProgress })).rejects.toThrow(/^callback$/);
});

it.each([2, 4, 8] as const)('the default model comes in %i bits', async (bits) => {
  await loadModel('default', { bits });
  const name = expect.stringMatching(new RegExp(`-int${bits}\\.safetensors$`));
  expect(engine.loadModelFile).toHaveBeenCalledWith(name, 2 ** 30);
});

it('bits belong to the default model alone, and it has no others', async () => {
  const error = {
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/one of 2, 4, 8, and only .*for bits/),
  };
  await expect(loadModel(file, { bits: 8 })).rejects.toMatchObject(error);
  await expect(loadModel('default', { bits: 3 as 4 })).rejects.toMatchObject(error);
});

it('reports progress for a file and for bytes', async () => {
  for (const [source, totalBytes] of [
    [file, 12],
    [Uint8Array.of(1, 2), 2],
  ] as const) {
    const seen: LoadProgress[] = [];
    await loadModel(source, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ status, loadedBytes }) => [status, loadedBytes])).toEqual([
      ['start', 0],
      ['ready', totalBytes],
    ]);
  }
});

describe('a failure tells its cause:', () => {
  const failing: [string, () => unknown, string, RegExp][] = [
    ['no file', () => path.join(folder, 'none'), 'MODEL_NOT_FOUND', /none.*Check the path/],
    ['a path through a file', () => path.join(file, 'x'), 'MODEL_NOT_FOUND', /there is none/],
    ['a path with a zero byte', () => 'a\0b', 'IO_ERROR', /could not be read/],
    ['a URL without a host', () => 'http://', 'INVALID_ARGUMENT', /a URL with a host/],
    ['another host', () => new URL('file://server/x'), 'INVALID_ARGUMENT', /on this machine/],
    ['status 404', () => new URL(`${base}/missing`), 'MODEL_NOT_FOUND', /404/],
    ['status 500', () => new URL(`${base}/broken`), 'IO_ERROR', /500/],
    ['a connection that breaks', () => new URL(`${base}/cut`), 'IO_ERROR', /could not be fetched/],
    ['nobody there', () => new URL('http://127.0.0.1:1/'), 'IO_ERROR', /could not be fetched/],
    ['another protocol', () => new URL('ftp://host/x'), 'INVALID_ARGUMENT', /file: or http/],
    ['an empty path', () => '', 'INVALID_ARGUMENT', /for source/],
    ['a number', () => 5, 'INVALID_ARGUMENT', /for source.*5/],
  ];
  it.each(failing)('%s', async (_, source, code, message) => {
    await expect(loadModel(source() as string)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('a download beyond maxBytes stops, announced or not', async () => {
    for (const [page, maxBytes] of [
      ['model', 11],
      ['endless', 1500],
    ] as const) {
      await expect(loadModel(new URL(`${base}/${page}`), { maxBytes })).rejects.toMatchObject({
        code: 'MODEL_TOO_LARGE',
      });
    }
    expect(engine.loadModelBytes).not.toHaveBeenCalled();
  });

  it('bytes beyond maxBytes', async () => {
    await expect(loadModel(new Uint8Array(9), { maxBytes: 8 })).rejects.toMatchObject({
      code: 'MODEL_TOO_LARGE',
    });
  });

  it.each([0, -1, 1.5, 2 ** 31, Number.NaN])('maxBytes of %s', async (maxBytes) => {
    await expect(loadModel(file, { maxBytes })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('abort', () => {
  it('before loading reads nothing', async () => {
    await expect(loadModel(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
      name: 'AbortError',
    });
    expect(engine.loadModelFile).not.toHaveBeenCalled();
  });

  it('as loading begins', async () => {
    const controller = new AbortController();
    const loading = loadModel(file, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('while the engine loads rejects at once and closes the model that comes too late', async () => {
    const { closed, open } = gate();
    const late = new FakeModel();
    engine.loadModelFile.mockImplementation(() => closed.then(() => late));
    const controller = new AbortController();
    const loading = loadModel(file, { signal: controller.signal });
    await vi.waitFor(() => expect(engine.loadModelFile).toHaveBeenCalled());
    controller.abort();
    await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
    open();
    await vi.waitFor(() => expect(late.closes).toBe(1));
  });

  it('while downloading', async () => {
    const controller = new AbortController();
    const loading = loadModel(new URL(`${base}/endless`), {
      signal: controller.signal,
      onProgress: ({ status }) => status === 'read' && controller.abort(),
    });
    await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('a model', () => {
  it('describes itself', async () => {
    const { info } = await loadModel(file);
    expect(info).toEqual({
      ...{ version: 1, name: 'fake', sampleRate: 16000, maxSegmentSeconds: 20, output: 'ctc' },
      ...{ fileBytes: 10, weightBytes: 20, parameters: 30, bits: { 4: 30 }, target: 'scalar' },
      ...{ frameSeconds: 0.024, algorithmicDelayMs: 100, chunkMs: [312, 648] },
      ...{ defaultChunkMs: 648, defaultLookAheadMs: 0, wholeSegments: true },
      card: { licence: 'none' },
      document: {
        ...{ version: 1, name: 'fake', sampleRate: 16000, maxSegmentSeconds: 20, output: 'ctc' },
        ...{ encoder: { dim: 8 }, card: { licence: 'none' } },
      },
    });
  });

  it('is closed once, and then opens no session', async () => {
    const backend = new FakeModel();
    engine.loadModelFile.mockResolvedValue(backend);
    const model = await loadModel(file);
    model.close();
    model[Symbol.dispose]();
    expect(backend.closes).toBe(1);
    expect(() => model.createSession()).toThrow(
      expect.objectContaining({ code: 'SESSION_CLOSED', message: expect.stringMatching(/again/) }),
    );
  });
});
