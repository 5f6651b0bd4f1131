// `parrotlet import`: a checkpoint in, a quantized model file out.
import { readFile } from 'node:fs/promises';
import { ParrotletError } from '../errors.js';
import { importModel } from '../import/import-model.js';
import { formatReport } from '../import/import-report.js';
import type { ConfidenceDocument, ModelCard } from '../import/model-document.js';
import {
  type GroupSize,
  parsePlan,
  type ScaleChoice,
  type WeightBits,
} from '../import/quantization-plan.js';
import type { FormatFlags } from './format-options.js';
import { createProgress } from './progress.js';
import type { Terminal } from './terminal.js';

export interface ImportFlags extends FormatFlags {
  readonly output: string;
  readonly bits: WeightBits;
  readonly group: GroupSize;
  readonly indivisible: 'error' | 'channel';
  readonly clip: ScaleChoice;
  readonly plan?: string;
  readonly base?: string;
  readonly family?: string;
  readonly name?: string;
  readonly maxSegment?: number;
  readonly alignmentHeads?: readonly (readonly [number, number])[];
  readonly confidence?: ConfidenceDocument;
  readonly card?: string;
  readonly json?: boolean;
}

/** Imports the checkpoint; returns the exit code. */
export async function importCheckpoint(
  source: string,
  flags: ImportFlags,
  { stdout, stderr, signal }: Terminal,
): Promise<number> {
  const plan = flags.plan === undefined ? undefined : parsePlan(await readJson('plan', flags.plan));
  const card = flags.card === undefined ? undefined : parseCard(await readJson('card', flags.card));
  const bar = createProgress(stderr, source, 'MB', 1);
  try {
    const report = await importModel({
      source,
      output: flags.output,
      bits: flags.bits,
      scheme: flags.scheme,
      activations: flags.activations,
      floats: flags.floats,
      groupSize: flags.group,
      indivisible: flags.indivisible,
      clip: flags.clip,
      signal,
      ...(plan && { plan }),
      ...(flags.base !== undefined && { base: flags.base }),
      ...(flags.family !== undefined && { family: flags.family }),
      ...(flags.name !== undefined && { name: flags.name }),
      ...(flags.maxSegment !== undefined && { maxSegmentSeconds: flags.maxSegment }),
      ...(flags.alignmentHeads && { alignmentHeads: flags.alignmentHeads }),
      ...(flags.confidence && { confidence: flags.confidence }),
      ...(card && { card }),
      onProgress: ({ bytes, totalBytes }) => bar.update(bytes / 1e6, totalBytes / 1e6),
    });
    stdout.write(`${flags.json ? JSON.stringify(report) : formatReport(report)}\n`);
    return 0;
  } finally {
    bar.stop();
  }
}

async function readJson(what: string, path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: Error) => {
    throw new ParrotletError('IO_ERROR', `Cannot read the ${what} ${path}: ${cause.message}.`, {
      cause,
    });
  });
}

function parseCard(text: string): ModelCard {
  let card: unknown;
  try {
    card = JSON.parse(text);
  } catch (cause) {
    throw new ParrotletError(
      'INVALID_ARGUMENT',
      `The card should be JSON: ${(cause as Error).message}.`,
      { cause },
    );
  }
  if (typeof card !== 'object' || card === null || Array.isArray(card)) {
    throw new ParrotletError('INVALID_ARGUMENT', 'The card should be a JSON object.');
  }
  return card as ModelCard;
}
