// Decides in how many bits each matrix is held: as told, or so that the file fits a budget.
import { ParrotletError } from '../errors.js';
import { elements } from '../import/import-report.js';
import type { TensorEntry } from '../import/model-layout.js';
import type { CodeBits } from '../import/pack.js';
import {
  type PlanDefaults,
  type PlannedTensor,
  type PlanRule,
  planTensors,
} from '../import/quantization-plan.js';
import { rowBlocks } from '../import/row-blocks.js';
import type { TensorSource } from '../import/tensor-source.js';
import { storedBytes } from '../import/write-tensor.js';
import { type Holding, shareOut } from './budget.js';
import { MatrixQuantizer, type MatrixSettings } from './matrix-quantizer.js';

const WIDTHS: readonly CodeBits[] = [2, 4, 8];

/** What {@link fitBudget} is asked to do. */
export interface BudgetTask {
  readonly sources: readonly TensorSource[];
  /** All but the bits. */
  readonly defaults: PlanDefaults;
  /** A matrix whose rule sets its bits keeps them. */
  readonly rules: readonly PlanRule[];
  /** Bytes of the whole file. */
  readonly budget: number;
  /** The size of the file with these tensors, to the byte. */
  readonly fileBytes: (entries: readonly TensorEntry[]) => number;
  /** How the matrix `planned` would be quantized by rounding. */
  readonly settingsOf: (planned: PlannedTensor) => MatrixSettings;
  readonly onMeasured: (weights: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Plans for a file of at most `budget` bytes: every matrix is rounded to 2, 4 and 8 bits, and bits go
 * where they take away the most error for their bytes. The error of a matrix is the relative error of
 * its output on the calibration audio; without calibration, its relative squared weight error times
 * its number of weights. What rounding activations costs is not part of it.
 *
 * @throws ParrotletError `INVALID_ARGUMENT` where no plan fits, with the least possible size, and as
 *   {@link planTensors} does; `ABORTED`.
 */
export async function fitBudget(task: BudgetTask): Promise<PlannedTensor[]> {
  const { sources, defaults, rules, budget } = task;
  const byWidth = WIDTHS.map((bits) => planTensors(sources, { ...defaults, bits }, rules));
  const choices = byWidth[0]!.map((first, i) => {
    const others = byWidth.slice(1).map((plan) => plan[i]!);
    return [first, ...others.filter(({ entry }) => bitsOf(entry) !== bitsOf(first.entry))];
  });
  const holdings: Holding[][] = [];
  for (const choice of choices) holdings.push(await measure(choice, task));
  const planOf = (chosen: readonly number[]) => choices.map((choice, i) => choice[chosen[i]!]!);
  const sizeOf = (plan: readonly PlannedTensor[]) => task.fileBytes(plan.map(({ entry }) => entry));
  const chosen = shareOut(holdings, (indices) => sizeOf(planOf(indices)) <= budget);
  if (chosen) return planOf(chosen);
  const least = sizeOf(choices.map(([first]) => first!));
  throw new ParrotletError(
    'INVALID_ARGUMENT',
    `No plan fits into a budget of ${budget} bytes: with every matrix in the fewest bits the file ` +
      `takes ${least}. Allow at least that, or make groups larger.`,
  );
}

/** A plan that gives every matrix by name what it was given here. */
export function rulesOf(planned: readonly PlannedTensor[]): PlanRule[] {
  return planned
    .filter(({ source }) => source.quantizable)
    .map(({ entry, clip }) => {
      if (entry.kind !== 'codes') return { match: entry.name, bits: 32 };
      const { name, bits, scheme, activations } = entry;
      const groupSize = entry.groupSize === entry.shape[1] ? 'channel' : entry.groupSize;
      return { match: name, bits, scheme, activations, groupSize, clip };
    });
}

async function measure(choice: readonly PlannedTensor[], task: BudgetTask): Promise<Holding[]> {
  const [first] = choice as [PlannedTensor];
  if (choice.length === 1) return [{ bytes: storedBytes(first.entry), error: 0 }];
  const values = await first.source.load();
  const settings = task.settingsOf(first);
  const holdings: Holding[] = [];
  for (const { entry } of choice) {
    const error = await errorOf(entry, values, settings, task.signal);
    holdings.push({ bytes: storedBytes(entry), error });
  }
  task.onMeasured(values.length);
  return holdings;
}

async function errorOf(
  entry: TensorEntry,
  values: Float32Array,
  settings: MatrixSettings,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (entry.kind !== 'codes') return 0;
  const [, depth] = entry.shape;
  const quantizer = await MatrixQuantizer.create(settings, depth);
  const loss = { signal: 0, noise: 0 };
  for await (const { block } of rowBlocks(values, depth, signal)) {
    const quantized = quantizer.quantize(block, entry);
    loss.signal += quantized.signal;
    loss.noise += quantized.noise;
  }
  if (settings.moments) return quantizer.outputError ?? 0;
  return loss.signal === 0 ? 0 : (loss.noise / loss.signal) * elements(entry.shape);
}

function bitsOf(entry: TensorEntry): number {
  return entry.kind === 'codes' ? entry.bits : 32;
}
