// The import as a whole: quantization by plan, report, progress, abort, and failure half-way.
import { link, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ImportProgress, importModel } from '../../../lib/import/import-model.js';
import { formatReport } from '../../../lib/import/import-report.js';
import { quantizeRows } from '../../../lib/import/quantize.js';
import { namesIn, temporaryFolder, valuesFor } from './files.js';
import { verifyModelFile } from './model-file-verifier.js';
import { DIM, moonshineFolder, moonshineTensors, PIECES } from './tiny-moonshine.js';

const TABLE = 'decoder.embedding.weight';

describe('importModel', () => {
  it('quantizes every matrix and nothing else', async () => {
    const source = await moonshineFolder();
    const output = join(await temporaryFolder(), 'model.safetensors');
    const report = await importModel({ source, output, bits: 4, groupSize: 16 });
    const model = await verifyModelFile(output);
    const tensors = moonshineTensors('model.encoder.', 'model.decoder.');
    const table = Float32Array.from(tensors['model.decoder.embed_tokens.weight']!.values);
    const expected = quantizeRows(table, {
      bits: 4,
      groupSize: 16,
      scheme: 'symmetric',
      clip: 'search',
    });
    expect(model.codes.get(TABLE)).toEqual([...expected.codes]);
    expect([...model.codes.keys()].every((name) => /\.weight$/.test(name))).toBe(true);
    expect(model.codes.has('frontend.conv.0.weight')).toBe(false);
    expect(model.codes.has('frontend.conv.1.weight')).toBe(true);
    const quantized = report.tensors.filter(({ bits }) => bits === 4);
    expect(quantized.map(({ name }) => name).sort()).toEqual([...model.codes.keys()].sort());
    for (const { name, sqnrDb, groupSize } of quantized) {
      expect(sqnrDb, name).toBeGreaterThan(15);
      expect(groupSize, name).toBe(16);
    }
  });

  it('reports sizes, counts and losses, and puts them on the card', async () => {
    const output = join(await temporaryFolder(), 'model.safetensors');
    const report = await importModel({
      source: await moonshineFolder(),
      output,
      name: 'tiny',
      bits: 8,
      card: { credit: 'the makers' },
      date: new Date('2026-02-03'),
    });
    const { document, bytes, floats } = await verifyModelFile(output);
    const parameters = [...floats.values()].reduce((sum, values) => sum + values.length, 0);
    expect(report).toMatchObject({
      path: output,
      family: 'moonshine',
      name: 'tiny',
      fileBytes: bytes.length,
      parameters,
      float32Bytes: 4 * parameters,
    });
    const { 8: quantized = 0, 32: kept = 0 } = report.parametersByBits;
    expect(quantized + kept).toBe(parameters);
    expect(document.card).toMatchObject({
      credit: 'the makers',
      imported: '2026-02-03',
      parameters,
      quantization: { worst: expect.any(Array) },
    });
    expect(document.card.quantization.leastSqnrDb).toBeGreaterThan(35);
    const text = formatReport(report);
    expect(text).toContain('tiny (moonshine) -> ');
    expect(text).toContain('in 8 bits');
    expect(text).toMatch(/dB {2}8 bits/);
  });

  it('follows a plan of mixed widths', async () => {
    const output = join(await temporaryFolder(), 'model.safetensors');
    await importModel({
      source: await moonshineFolder(),
      output,
      bits: 2,
      plan: [
        { match: 'frontend.*', bits: 8 },
        { match: TABLE, bits: 32 },
      ],
    });
    const { document, codes } = await verifyModelFile(output);
    expect(document.tensors['frontend.conv.1.weight'].bits).toBe(8);
    expect(document.tensors['encoder.layers.0.ff.in.weight'].bits).toBe(2);
    expect(codes.has(TABLE)).toBe(false);
  });

  it('lists where groups do not divide, when that was allowed', async () => {
    const output = join(await temporaryFolder(), 'model.safetensors');
    const options = { source: await moonshineFolder(), output, groupSize: 32 } as const;
    await expect(importModel(options)).rejects.toThrow(/Groups of 32 do not divide the 112 inputs/);
    const report = await importModel({ ...options, indivisible: 'channel' });
    const fallbacks = report.tensors.filter(({ groupFallback }) => groupFallback);
    expect(fallbacks.map(({ name }) => name)).toContain('frontend.conv.1.weight');
    expect(fallbacks.map(({ name }) => name)).not.toContain('frontend.conv.2.weight');
    expect(formatReport(report)).toContain('one scale per channel');
    await verifyModelFile(output);
  });

  it('quantizes a matrix of several blocks as if at once', async () => {
    const vocabulary = 9001;
    const values = valuesFor(vocabulary * DIM, 9);
    const tensors = moonshineTensors('model.encoder.', 'model.decoder.');
    const source = await moonshineFolder(
      { ...tensors, 'model.decoder.embed_tokens.weight': { shape: [vocabulary, DIM], values } },
      { vocab_size: vocabulary },
      [...PIECES, ...Array.from({ length: vocabulary - PIECES.length }, (_, i) => `x${i}`)],
    );
    const output = join(await temporaryFolder(), 'model.safetensors');
    await importModel({ source, output, bits: 2 });
    const { codes, floats } = await verifyModelFile(output);
    const expected = quantizeRows(values, {
      bits: 2,
      groupSize: DIM,
      scheme: 'symmetric',
      clip: 'search',
    });
    const dequantized = Float32Array.from(
      expected.codes,
      (code, i) => code * expected.scales[Math.floor(i / DIM)]!,
    );
    // Not toEqual, which takes seconds for arrays of this size.
    expect(expected.codes.every((code, i) => code === codes.get(TABLE)![i])).toBe(true);
    expect(dequantized.every((value, i) => value === floats.get(TABLE)![i])).toBe(true);
  });

  it('writes over nothing that it reads', async () => {
    const source = await moonshineFolder();
    const weights = join(source, 'model.safetensors');
    const before = await readFile(weights);
    const elsewhere = join(await temporaryFolder(), 'link.safetensors');
    await link(weights, elsewhere);
    for (const output of [weights, elsewhere]) {
      await expect(importModel({ source, output })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('another file than the source'),
      });
    }
    expect((await readFile(weights)).equals(before)).toBe(true);
  });

  it('tells its progress, tensor by tensor', async () => {
    const seen: ImportProgress[] = [];
    const output = join(await temporaryFolder(), 'model.safetensors');
    await importModel({
      source: await moonshineFolder(),
      output,
      onProgress: (progress) => seen.push(progress),
    });
    const last = seen.at(-1)!;
    expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => i + 1));
    expect(last.done).toBe(last.count);
    expect(last.bytes).toBe(last.totalBytes);
    expect(seen.some(({ tensor }) => tensor === TABLE)).toBe(true);
  });

  it('leaves the old file and no other when it is aborted half-way', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'model.safetensors');
    await writeFile(output, 'old');
    const control = new AbortController();
    const run = importModel({
      source: await moonshineFolder(),
      output,
      signal: control.signal,
      onProgress: ({ done }) => done === 5 && control.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: 'ABORTED', name: 'AbortError' });
    expect(await namesIn(folder)).toEqual(['model.safetensors']);
    expect(await readFile(output, 'utf8')).toBe('old');
    await expect(
      importModel({ source: 'random:tiny-ctc', output, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('leaves the old file and no other when a weight turns out to be damaged', async () => {
    const tensors = moonshineTensors('model.encoder.', 'model.decoder.');
    const last = 'model.decoder.norm.weight';
    const damaged = { ...tensors, [last]: { ...tensors[last]!, values: Array(16).fill(Infinity) } };
    const folder = await temporaryFolder();
    const output = join(folder, 'model.safetensors');
    await writeFile(output, 'old');
    const run = importModel({ source: await moonshineFolder(damaged), output });
    await expect(run).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
    await expect(run).rejects.toThrow(/model\.decoder\.norm\.weight/);
    expect(await namesIn(folder)).toEqual(['model.safetensors']);
    expect(await readFile(output, 'utf8')).toBe('old');
  });

  it('sets what the options say, within range', async () => {
    const folder = await temporaryFolder();
    const options = { source: await moonshineFolder(), output: join(folder, 'model') };
    await importModel({ ...options, alignmentHeads: [[0, 1]], maxSegmentSeconds: 12 });
    const { document } = await verifyModelFile(options.output);
    expect(document.decoder.alignmentHeads).toEqual([[0, 1]]);
    expect(document.maxSegmentSeconds).toBe(12);
    expect(document).not.toHaveProperty('confidence');
    const confidence = { scale: 0.75, bias: -0.1, least: 0.4 };
    await importModel({ ...options, confidence });
    expect((await verifyModelFile(options.output)).document.confidence).toEqual(confidence);
    for (const wrong of [
      { alignmentHeads: [[1, 0]] as const },
      { alignmentHeads: [[0, 2]] as const },
      { maxSegmentSeconds: 0 },
      { maxSegmentSeconds: Number.NaN },
      { confidence: { scale: 0, bias: 0 } },
      { confidence: { scale: 1, bias: Number.NaN } },
      { confidence: { scale: 1, bias: 0, least: 2 } },
      { family: 'whisper' },
      { output: options.source },
    ]) {
      await expect(importModel({ ...options, ...wrong })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    await expect(
      importModel({ ...options, source: 'random:tiny-ctc', alignmentHeads: [] }),
    ).rejects.toThrow(/no attention decoder/);
  });
});
