// Imports a checkpoint: finds its family, quantizes its weights, writes a model file.
import { expectArgument, ParrotletError, throwIfAborted } from '../errors.js';
import type { ImportedModel, ImportFamily, ImportOrigin } from './families/family.js';
import { sliceScales } from './group-scales.js';
import { IMPORT_FAMILIES } from './import-families.js';
import {
  cardFacts,
  countByBits,
  elements,
  type ImportReport,
  reportTensor,
  type TensorReport,
} from './import-report.js';
import type { ConfidenceDocument, ModelCard, ModelDocument } from './model-document.js';
import type { CodesEntry, TensorEntry } from './model-layout.js';
import { ModelWriter } from './model-writer.js';
import { expectOtherFile } from './other-file.js';
import {
  type PlanDefaults,
  type PlannedTensor,
  type PlanRule,
  planTensors,
} from './quantization-plan.js';
import { encodeRows, quantizeRows } from './quantize.js';
import { type RowQuantizer, storedBytes, writeTensor } from './write-tensor.js';

/** How far an import has come. */
export interface ImportProgress {
  /** The tensor that was just written. */
  readonly tensor: string;
  /** Tensors written so far, of `count`. */
  readonly done: number;
  readonly count: number;
  /** Bytes written so far, of `totalBytes`. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Options of {@link importModel}; those of {@link PlanDefaults} hold where no rule of `plan` does. */
export interface ImportOptions extends PlanDefaults, ImportOrigin {
  /** Where the model file will stand. */
  readonly output: string;
  /** A family's name; default: the first that matches. */
  readonly family?: string;
  /** Rules for single matrices, tried in order; see {@link parsePlan} for the JSON form. */
  readonly plan?: readonly PlanRule[];
  /** The model's name; default: the folder's or file's. */
  readonly name?: string;
  /** Seconds; default: the family's. */
  readonly maxSegmentSeconds?: number;
  /** Cross-attention heads that follow time, as [layer, head]; default none. */
  readonly alignmentHeads?: readonly (readonly [number, number])[];
  /** Calibration of confidences, as `npm run confidence` finds it; default none. */
  readonly confidence?: ConfidenceDocument;
  /** Facts for the card (`licence`, `base`, `credit`, ...), over those of the checkpoint. */
  readonly card?: ModelCard;
  /** For the card; default now. */
  readonly date?: Date;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Imports a checkpoint into a model file. The file appears whole or not at all.
 *
 * @throws ParrotletError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED` (no family
 *   matches), all other `MODEL_` codes, `IO_ERROR`, `ABORTED`.
 */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  const start = performance.now();
  throwIfAborted(options.signal);
  await expectOtherFile(options.source, options.output);
  const family = await chooseFamily(options);
  const model = await family.read(options);
  try {
    const planned = planTensors(model.tensors, choiceOf(options), options.plan ?? []);
    const document = withOptions(model.document, options);
    const float32Bytes = model.tensors.reduce((sum, { shape }) => sum + 4 * elements(shape), 0);
    const written = await writeModel({ options, model, planned, document, family });
    return {
      path: options.output,
      family: family.name,
      name: document.name,
      ...written,
      float32Bytes,
      parameters: float32Bytes / 4,
      parametersByBits: countByBits(written.tensors),
      unusedScales: unusedScales(planned),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await model.close();
  }
}

async function chooseFamily(options: ImportOptions): Promise<ImportFamily> {
  const list = IMPORT_FAMILIES.map(({ name, description }) => `${name} (${description})`);
  if (options.family !== undefined) {
    const family = IMPORT_FAMILIES.find(({ name }) => name === options.family);
    expectArgument(family !== undefined, 'family', `one of: ${list.join('; ')}`, options.family);
    return family;
  }
  for (const family of IMPORT_FAMILIES) {
    if (await family.matches(options)) return family;
  }
  throw new ParrotletError(
    'MODEL_UNSUPPORTED',
    `${options.source} is nothing the importer knows. It reads: ${list.join('; ')}.`,
  );
}

// exactOptionalPropertyTypes: a choice that is not made must be absent, or it would hide a default.
function choiceOf(options: ImportOptions): PlanDefaults {
  const { bits, scheme, activations, groupSize, indivisible, clip, floats } = options;
  return {
    ...(bits !== undefined && { bits }),
    ...(scheme !== undefined && { scheme }),
    ...(activations !== undefined && { activations }),
    ...(groupSize !== undefined && { groupSize }),
    ...(indivisible !== undefined && { indivisible }),
    ...(clip !== undefined && { clip }),
    ...(floats !== undefined && { floats }),
  };
}

function withOptions(document: ModelDocument, options: ImportOptions): ModelDocument {
  const { name, maxSegmentSeconds: seconds, alignmentHeads: heads, confidence } = options;
  expectArgument(
    seconds === undefined || (seconds > 0 && seconds <= 120),
    'maxSegmentSeconds',
    'a number of seconds from above 0 to 120',
    seconds,
  );
  if (confidence) expectConfidence(confidence);
  const named = {
    ...document,
    name: name ?? document.name,
    maxSegmentSeconds: seconds ?? document.maxSegmentSeconds,
    ...(confidence && { confidence }),
  };
  if (heads === undefined) return named;
  const decoder = named.output === 'attentionDecoder' ? named.decoder : undefined;
  expectArgument(
    decoder !== undefined &&
      heads.every(
        ([layer, head]) =>
          Number.isInteger(layer) &&
          Number.isInteger(head) &&
          layer >= 0 &&
          layer < decoder.layers &&
          head >= 0 &&
          head < decoder.heads,
      ),
    'alignmentHeads',
    decoder
      ? `pairs of layer (below ${decoder.layers}) and head (below ${decoder.heads})`
      : 'none, as the model has no attention decoder,',
    JSON.stringify(heads),
  );
  return { ...named, output: 'attentionDecoder', decoder: { ...decoder, alignmentHeads: heads } };
}

function expectConfidence({ scale, bias, least = 0 }: ConfidenceDocument): void {
  const inside = (value: number, low: number, high: number) => value >= low && value <= high;
  expectArgument(
    inside(scale, 0.01, 100) && inside(bias, -100, 100) && inside(least, 0, 1),
    'confidence',
    'a scale from 0.01 to 100, a bias from -100 to 100 and a least from 0 to 1',
    JSON.stringify({ scale, bias, least }),
  );
}

interface WriteArgs {
  readonly options: ImportOptions;
  readonly model: ImportedModel;
  readonly planned: readonly PlannedTensor[];
  readonly document: ModelDocument;
  readonly family: ImportFamily;
}

async function writeModel({ options, model, planned, document, family }: WriteArgs): Promise<{
  readonly tensors: readonly TensorReport[];
  readonly fileBytes: number;
  readonly sha256: string;
}> {
  const { length } = model.pieces;
  const pieces: TensorEntry = { name: 'tokenizer.pieces', kind: 'bytes', length };
  const entries = [...planned.map(({ entry }) => entry), pieces];
  const started = withCard(document, options, family);
  const writer = await ModelWriter.create(options.output, started, entries);
  try {
    await writer.write(pieces.name, model.pieces);
    const tensors: TensorReport[] = [];
    let bytes = length;
    for (const one of planned) {
      const { source } = one;
      throwIfAborted(options.signal);
      const values = await source.load();
      const loss = await writeTensor(writer, one.entry, values, {
        signal: options.signal,
        prepare: (entry) => rounding(one, entry),
      });
      tensors.push(reportTensor(one, storedBytes(one.entry), loss));
      bytes += tensors.at(-1)!.bytes;
      const progress = { done: tensors.length, count: planned.length, bytes };
      options.onProgress?.({ tensor: source.name, ...progress, totalBytes: writer.dataBytes });
    }
    const finished = withCard(document, options, family, tensors);
    return { tensors, ...(await writer.finish(finished)) };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

// How the rows of a planned matrix are quantized.
async function rounding({ source, clip }: PlannedTensor, entry: CodesEntry): Promise<RowQuantizer> {
  if (clip !== 'stored') return (rows) => quantizeRows(rows, { ...entry, clip });
  const found = await source.stored!.load(entry); // the plan saw that there is a place for them
  const groups = entry.shape[1] / entry.groupSize;
  return (rows, first) => {
    const end = first * groups + rows.length / entry.groupSize;
    return encodeRows(rows, sliceScales(found, first * groups, end), entry);
  };
}

// Names of what stands beside matrices in the checkpoint and was not asked for.
function unusedScales(planned: readonly PlannedTensor[]): string[] {
  return planned
    .filter(({ clip }) => clip !== 'stored')
    .flatMap(({ source }) => source.stored?.names ?? []);
}

function withCard(
  document: ModelDocument,
  { date = new Date(), card }: ImportOptions,
  family: ImportFamily,
  tensors: readonly TensorReport[] = [],
): ModelDocument {
  const facts = {
    importedFrom: family.name,
    imported: date.toISOString().slice(0, 10),
    ...cardFacts(tensors),
  };
  return { ...document, card: { ...document.card, ...facts, ...card } };
}
