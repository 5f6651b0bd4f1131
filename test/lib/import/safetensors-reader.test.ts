// Reading safetensors files, sound and damaged.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SafetensorsReader } from '../../../lib/import/safetensors-reader.js';
import { WeightFolder } from '../../../lib/import/weight-folder.js';
import { safetensorsBytes, temporaryFolder, writeCheckpoint } from './files.js';

async function openBytes(bytes: Uint8Array): Promise<SafetensorsReader> {
  const path = join(await temporaryFolder(), 'weights.safetensors');
  await writeFile(path, bytes);
  return SafetensorsReader.open(path);
}

function oneTensor(changes: Record<string, unknown>, data = new Uint8Array(16)): Buffer {
  const entry = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...changes };
  return safetensorsBytes({ x: entry }, data);
}

async function loadOne(dtype: string, shape: number[], data: ArrayBufferView): Promise<number[]> {
  const bytes = new Uint8Array(data.buffer);
  const reader = await openBytes(
    safetensorsBytes({ x: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes),
  );
  try {
    return [...(await reader.load('x'))];
  } finally {
    await reader.close();
  }
}

describe('SafetensorsReader', () => {
  it('reads F16 with subnormals and negative zero', async () => {
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x3555);
    const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, -0, 0.333251953125];
    expect(await loadOne('F16', [7], half)).toEqual(values);
  });

  it('reads BF16, F32 and F64', async () => {
    expect(await loadOne('BF16', [3], Uint16Array.of(0x3f80, 0xc049, 0x0001))).toEqual([
      1,
      -3.140625,
      2 ** -133,
    ]);
    expect(await loadOne('F32', [2], Float32Array.of(1.5, -1e-40))).toEqual([
      1.5,
      Math.fround(-1e-40),
    ]);
    expect(await loadOne('F64', [1, 2], Float64Array.of(0.1, 3))).toEqual([Math.fround(0.1), 3]);
  });

  it('reads tensors whose data starts at an odd byte', async () => {
    const data = Buffer.concat([Buffer.of(9), Buffer.from(Float32Array.of(2.5).buffer)]);
    const header = {
      a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
      x: { dtype: 'F32', shape: [], data_offsets: [1, 5] },
    };
    const reader = await openBytes(safetensorsBytes(header, data));
    expect([...(await reader.load('x'))]).toEqual([2.5]);
    await reader.close();
  });

  it('says MODEL_TRUNCATED at whatever byte the file was cut', async () => {
    const whole = oneTensor({});
    for (let length = 0; length < whole.length; ++length) {
      await expect(openBytes(whole.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'MODEL_TRUNCATED',
      });
    }
    await (await openBytes(whole)).close();
  });

  it.each<[string, Uint8Array, string]>([
    ['text that is not JSON', safetensorsBytes('{"x":'), 'MODEL_MALFORMED'],
    ['text that is not UTF-8', Buffer.from('0200000000000000ff7d', 'hex'), 'MODEL_MALFORMED'],
    ['no text at all', safetensorsBytes(''), 'MODEL_MALFORMED'],
    ['an array', safetensorsBytes([]), 'MODEL_MALFORMED'],
    ['metadata of numbers', safetensorsBytes({ __metadata__: { a: 1 } }), 'MODEL_MALFORMED'],
    ['an unknown dtype', oneTensor({ dtype: 'F7' }), 'MODEL_MALFORMED'],
    ['a dtype that names a method', oneTensor({ dtype: 'constructor' }), 'MODEL_MALFORMED'],
    ['a negative size', oneTensor({ shape: [-2, -2] }), 'MODEL_MALFORMED'],
    ['a fractional offset', oneTensor({ data_offsets: [0.5, 16.5] }), 'MODEL_MALFORMED'],
    ['a reversed span', oneTensor({ data_offsets: [16, 0] }), 'MODEL_MALFORMED'],
    ['a hole', oneTensor({ data_offsets: [4, 20] }, new Uint8Array(20)), 'MODEL_MALFORMED'],
    ['bytes behind the data', oneTensor({}, new Uint8Array(17)), 'MODEL_MALFORMED'],
    ['a shape beyond its bytes', oneTensor({ shape: [2, 3] }), 'MODEL_SHAPE'],
    ['a shape that overflows', oneTensor({ shape: [2 ** 40, 2 ** 40] }), 'MODEL_SHAPE'],
    [
      'tensors that overlap',
      safetensorsBytes(
        {
          x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          y: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
        },
        new Uint8Array(12),
      ),
      'MODEL_MALFORMED',
    ],
    ['a header of 2^60 bytes', Buffer.from('000000000000001000', 'hex'), 'MODEL_TOO_LARGE'],
  ])('refuses %s', async (_, bytes, code) => {
    await expect(openBytes(bytes)).rejects.toMatchObject({ code });
  });

  it('refuses weights that are not finite or not floats, naming the tensor', async () => {
    await expect(loadOne('F32', [2], Float32Array.of(1, Number.NaN))).rejects.toThrow(
      /value 1.*"x"/,
    );
    await expect(loadOne('F64', [1], Float64Array.of(1e300))).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
    await expect(loadOne('I32', [1], Int32Array.of(1))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
    });
  });

  it('says IO_ERROR where there is a folder', async () => {
    const folder = await temporaryFolder();
    await expect(SafetensorsReader.open(folder)).rejects.toMatchObject({ code: 'IO_ERROR' });
  });

  it('says MODEL_NOT_FOUND where there is no file', async () => {
    const path = join(await temporaryFolder(), 'none.safetensors');
    await expect(SafetensorsReader.open(path)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('WeightFolder', () => {
  async function sharded(index: unknown): Promise<string> {
    const folder = await temporaryFolder();
    const at = (name: string) => join(folder, name);
    await writeCheckpoint(at('a.safetensors'), { x: { shape: [1], values: [1] } }, { from: 'a' });
    await writeCheckpoint(at('b.safetensors'), { y: { shape: [2], values: [2, 3] } });
    await writeFile(at('model.safetensors.index.json'), JSON.stringify(index));
    return folder;
  }

  it('reads a checkpoint of several files as one', async () => {
    const weights = await WeightFolder.open(
      await sharded({ weight_map: { x: 'a.safetensors', y: 'b.safetensors' } }),
    );
    expect([...weights.names].sort()).toEqual(['x', 'y']);
    expect(weights.shapeOf('y')).toEqual([2]);
    expect(weights.shapeOf('z')).toBeUndefined();
    expect([...(await weights.load('y'))]).toEqual([2, 3]);
    expect(weights.metadata.get('from')).toBe('a');
    await expect(weights.load('z')).rejects.toMatchObject({ code: 'MODEL_SHAPE' });
    await weights.close();
  });

  it.each([
    ['no map', {}],
    ['a file outside', { weight_map: { x: '../a.safetensors' } }],
    ['no name', { weight_map: { x: 7 } }],
  ])('refuses an index with %s', async (_, index) => {
    const folder = await sharded(index);
    await expect(WeightFolder.open(folder)).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
  });

  it('refuses a tensor that two files hold', async () => {
    const folder = await sharded({ weight_map: { x: 'a.safetensors', y: 'c.safetensors' } });
    await writeCheckpoint(join(folder, 'c.safetensors'), { x: { shape: [1], values: [1] } });
    await expect(WeightFolder.open(folder)).rejects.toThrow(/"x"/);
  });
});
