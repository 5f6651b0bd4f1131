// Model files as they are written: bytes, alignment, and what stays behind when writing fails.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../../lib/import/model-document.js';
import type { TensorEntry } from '../../../lib/import/model-layout.js';
import { ModelWriter } from '../../../lib/import/model-writer.js';
import { RANDOM_MODELS } from '../../../lib/import/random-models.js';
import { namesIn, temporaryFolder } from './files.js';
import { verifyModelFile } from './model-file-verifier.js';

const DOCUMENT = RANDOM_MODELS.get('tiny-ctc') as ModelDocument;

const DEFAULTS = { scheme: 'symmetric', activations: 8 } as const;

// The odd row of two-bit codes would push later floats off their alignment in a careless layout.
const ENTRIES: readonly TensorEntry[] = [
  { name: 'odd', kind: 'codes', shape: [3, 5], bits: 2, groupSize: 5, ...DEFAULTS },
  { name: 'gain', kind: 'float', shape: [3] },
  { name: 'tokenizer.pieces', kind: 'bytes', length: 3 },
  { name: 'grouped', kind: 'codes', shape: [1, 32], bits: 4, groupSize: 16, ...DEFAULTS },
  {
    ...{ name: 'affine', kind: 'codes', shape: [1, 32], bits: 8, groupSize: 16 },
    ...{ scheme: 'affine', activations: 32 },
  },
  {
    ...{ name: 'middle', kind: 'codes', shape: [1, 2], bits: 2, groupSize: 2 },
    ...{ scheme: 'midRise', activations: 4 },
  },
];

async function writeAll(writer: ModelWriter): Promise<void> {
  await writer.write('odd', Uint8Array.of(0b11100100, 1, 0, 2, 0, 3));
  await writer.write('odd.scale', Float32Array.of(1, 2, 0.5));
  await writer.write('gain', Float32Array.of(-1, 0.25, 3));
  await writer.write('tokenizer.pieces', Buffer.from('\u0001a\u0000'));
  await writer.write('grouped', new Uint8Array(16).fill(0x9f));
  await writer.write('grouped.scale', Float32Array.of(0.5), 1);
  await writer.write('grouped.scale', Float32Array.of(2), 0);
  await writer.write('affine', new Uint8Array(32).fill(0xff));
  await writer.write('affine.scale', Float32Array.of(3, 0));
  await writer.write('affine.zero', Float32Array.of(0.5, 0));
  await writer.write('middle', Uint8Array.of(0b0110));
  await writer.write('middle.scale', Float32Array.of(2));
}

describe('ModelWriter', () => {
  it('writes what a reader of the format reads', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    const writer = await ModelWriter.create(path, DOCUMENT, ENTRIES);
    await writeAll(writer);
    const { fileBytes, sha256 } = await writer.finish(DOCUMENT);
    const model = await verifyModelFile(path);
    expect(model.bytes.length).toBe(fileBytes);
    expect(model.bytes.includes(sha256)).toBe(true);
    expect([...model.floats.get('gain')!]).toEqual([-1, 0.25, 3]);
    expect(model.codes.get('odd')).toEqual([0, 1, -2, -1, 1, 0, 0, 0, 0, -2, 0, 0, 0, 0, -1]);
    expect([...model.floats.get('odd')!].map((x) => x + 0)).toEqual([
      0, 1, -2, -1, 1, 0, 0, 0, 0, -4, 0, 0, 0, 0, -0.5,
    ]);
    const grouped = [...model.floats.get('grouped')!];
    expect(grouped.slice(0, 2)).toEqual([-2, -14]);
    expect(grouped.slice(16, 18)).toEqual([-0.5, -3.5]);
    const affine = [...model.floats.get('affine')!];
    expect([affine[0], affine[16]! + 0]).toEqual([-3.5, 0]);
    expect([...model.floats.get('middle')!]).toEqual([-3, 3]);
    expect(model.pieces).toEqual(['a', '']);
    const { tensors, ...document } = model.document;
    expect(document).toEqual(DOCUMENT);
    expect(tensors).toEqual({
      odd: { bits: 2, shape: [3, 5], groupSize: 5 },
      grouped: { bits: 4, shape: [1, 32], groupSize: 16 },
      affine: { bits: 8, shape: [1, 32], groupSize: 16, scheme: 'affine', activations: 32 },
      middle: { bits: 2, shape: [1, 2], groupSize: 2, scheme: 'midRise', activations: 4 },
    });
  });

  it('holds floats as float16 where it is told, each the nearest, aligned', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    const halves = ENTRIES.map((entry) =>
      entry.name === 'gain' || entry.kind === 'bytes' ? entry : { ...entry, floats: 'float16' },
    ) as TensorEntry[];
    halves.push({ name: 'small', kind: 'float', shape: [5], floats: 'float16' });
    const writer = await ModelWriter.create(path, DOCUMENT, halves);
    await writeAll(writer);
    const values = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, -(2 ** -25), 65519, -3e-5);
    await writer.write('small', values);
    await writer.finish(DOCUMENT);
    const model = await verifyModelFile(path);
    const nearest = [1, 1 + 2 ** -9, -0, 65504, -503 * 2 ** -24];
    expect([...model.floats.get('small')!]).toEqual(nearest);
    expect(model.halves).toBe(5 + 3 + 2 + 2 + 2 + 1);
    expect([...model.floats.get('affine')!][0]).toBe(-3.5);
    expect([...model.floats.get('gain')!]).toEqual([-1, 0.25, 3]);
  });

  it('refuses what is too large for float16, naming the tensor', async () => {
    const path = join(await temporaryFolder(), 'model.safetensors');
    const entry = { name: 'gain', kind: 'float', shape: [1], floats: 'float16' } as const;
    const writer = await ModelWriter.create(path, DOCUMENT, [entry]);
    await expect(writer.write('gain', Float32Array.of(-65520))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/"gain".*float16/),
    });
    await writer.abort();
  });

  it('takes a final document that is longer or shorter than the first', async () => {
    for (const text of ['', 'x'.repeat(4000)]) {
      const path = join(await temporaryFolder(), 'model.safetensors');
      const writer = await ModelWriter.create(path, { ...DOCUMENT, card: { a: 'some' } }, ENTRIES);
      await writeAll(writer);
      await writer.finish({ ...DOCUMENT, card: { a: text } });
      expect((await verifyModelFile(path)).document.card.a).toBe(text);
    }
  });

  it('refuses a document that grew beyond its place', async () => {
    const folder = await temporaryFolder();
    const writer = await ModelWriter.create(join(folder, 'model'), DOCUMENT, ENTRIES);
    await writeAll(writer);
    const grown = { ...DOCUMENT, card: { a: '"'.repeat(4096) } };
    await expect(writer.finish(grown)).rejects.toMatchObject({ code: 'INTERNAL' });
    await writer.abort();
    expect(await namesIn(folder)).toEqual([]);
  });

  it('keeps the old file until the new one is whole', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'model.safetensors');
    await writeFile(path, 'old');
    const writer = await ModelWriter.create(path, DOCUMENT, ENTRIES);
    await writeAll(writer);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await namesIn(folder)).filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
    await writer.finish(DOCUMENT);
    await writer.abort();
    expect(await namesIn(folder)).toEqual(['model.safetensors']);
    await verifyModelFile(path);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const folder = await temporaryFolder();
    const writer = await ModelWriter.create(join(folder, 'model'), DOCUMENT, ENTRIES);
    await writer.write('gain', Float32Array.of(1, 2, 3));
    await writer.abort();
    await writer.abort();
    expect(await namesIn(folder)).toEqual([]);
  });

  it('refuses to finish with a tensor incomplete, and pieces that do not fit', async () => {
    const writer = await ModelWriter.create(
      join(await temporaryFolder(), 'model'),
      DOCUMENT,
      ENTRIES,
    );
    await expect(writer.write('gain', Float32Array.of(1), 3)).rejects.toThrow(/"gain"/);
    await expect(writer.write('none', Float32Array.of(1))).rejects.toThrow(/"none"/);
    await writer.write('gain', Float32Array.of(1));
    await expect(writer.finish(DOCUMENT)).rejects.toMatchObject({ code: 'INTERNAL' });
    await writer.abort();
  });

  it('says IO_ERROR where it cannot write or rename', async () => {
    const folder = await temporaryFolder();
    const lost = ModelWriter.create(join(folder, 'none', 'model'), DOCUMENT, ENTRIES);
    await expect(lost).rejects.toMatchObject({ code: 'IO_ERROR' });
    await mkdir(join(folder, 'taken'));
    const writer = await ModelWriter.create(join(folder, 'taken'), DOCUMENT, ENTRIES);
    await writeAll(writer);
    await expect(writer.finish(DOCUMENT)).rejects.toMatchObject({ code: 'IO_ERROR' });
    await writer.abort();
    expect(await namesIn(folder)).toEqual(['taken']);
  });

  it.each<[string, TensorEntry[], string]>([
    ['a name used twice', [ENTRIES[1]!, ENTRIES[1]!], 'MODEL_SHAPE'],
    ['a rank of five', [{ name: 'x', kind: 'float', shape: [1, 1, 1, 1, 1] }], 'MODEL_TOO_LARGE'],
    ['an empty tensor', [{ name: 'x', kind: 'float', shape: [0] }], 'MODEL_TOO_LARGE'],
    ['a huge dimension', [{ name: 'x', kind: 'float', shape: [2 ** 25] }], 'MODEL_TOO_LARGE'],
    ['a long name', [{ name: 'x'.repeat(257), kind: 'float', shape: [1] }], 'MODEL_TOO_LARGE'],
    [
      'too many tensors',
      Array.from({ length: 4097 }, (_, i) => ({ name: `x${i}`, kind: 'float', shape: [1] })),
      'MODEL_TOO_LARGE',
    ],
  ])('refuses %s before it makes a file', async (_, entries, code) => {
    const folder = await temporaryFolder();
    const writer = ModelWriter.create(join(folder, 'model'), DOCUMENT, entries);
    await expect(writer).rejects.toMatchObject({ code });
    expect(await namesIn(folder)).toEqual([]);
  });

  it('refuses a header beyond the limit', async () => {
    const path = join(await temporaryFolder(), 'model');
    const document = { ...DOCUMENT, card: { text: 'x'.repeat(4 * 1024 * 1024) } };
    await expect(ModelWriter.create(path, document, ENTRIES)).rejects.toMatchObject({
      code: 'MODEL_TOO_LARGE',
    });
  });
});
