// What a model file spends its bytes on.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attentionProducts, partsOf } from '../../tools/low-bit/parts.mjs';
import { temporaryFolder, writeRandomModel } from '../contract/models.js';

const folder = temporaryFolder();

describe('parts of a model', () => {
  it('add up to the file, and tell how each is held', async () => {
    const path = await writeRandomModel(folder, 'tiny-streaming', { bits: 4 });
    const parts = partsOf(path);
    expect(parts.find(({ part }) => part === 'token table')?.held).toBe('int4, per channel');
    expect(parts.find(({ part }) => part.startsWith('norms'))?.held).toBe('float32');
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    expect(Math.abs(statSync(path).size - bytes)).toBeLessThan(100);
  });

  it('tell floats of half the bytes', async () => {
    const floats = { bits: 4, floats: 'float16' } as const;
    const path = await writeRandomModel(folder, 'tiny-streaming', floats);
    const norms = partsOf(path).find(({ part }) => part.startsWith('norms'))!;
    expect(norms.held).toBe('float16');
    expect(norms.bytes).toBe(2 * norms.weights);
  });

  it('count the products of attention by hand', () => {
    const document = {
      encoder: {
        ...{ span: 'chunk', dim: 4, leftFrames: 6, chunkFrames: 2 },
        layers: [{ kind: 'stacker' }, { kind: 'block' }],
      },
      tensors: { 'encoder.layers.1.attention.qkv.weight': { shape: [12, 4] } },
    };
    const header = JSON.stringify({
      __metadata__: { format: 'parrotlet', document: JSON.stringify(document) },
      'encoder.layers.1.attention.qkv.weight': {
        dtype: 'U8',
        shape: [12, 2],
        data_offsets: [0, 24],
      },
      'encoder.layers.1.ff.in.weight': { dtype: 'F32', shape: [8, 4], data_offsets: [24, 152] },
      'decoder.layers.0.ff.in.weight': { dtype: 'F32', shape: [8, 4], data_offsets: [152, 280] },
    });
    const path = join(folder, 'header.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path, Buffer.concat([length, Buffer.from(header)]));
    expect(attentionProducts(path, 0.5)).toEqual({
      byWeights: 2 * (48 + 32),
      inAttention: 2 * 2 * 4 * 8,
      cacheBytes: 4 * 2 * 4 * 8,
    });
  });
});
