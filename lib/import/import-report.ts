// What an import did, as an object and as text.
import {
  ACTIVATION_BITS,
  type ActivationBits,
  type CodeFormat,
  SCHEMES,
  type Scheme,
} from './code-format.js';
import type { PlannedTensor, WeightBits } from './quantization-plan.js';
import { sqnrDb } from './quantize.js';

/** One tensor of an imported model. */
export interface TensorReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bits: WeightBits;
  /** How codes stand for weights, inputs that share a scale, bits of activations; not for float32. */
  readonly scheme: Scheme | undefined;
  readonly groupSize: number | undefined;
  readonly activations: ActivationBits | undefined;
  /** Whether the wanted group size did not divide the inputs, and one scale per channel stands in. */
  readonly groupFallback: boolean;
  /** Bytes in the file, scales and zeros included. */
  readonly bytes: number;
  /** Signal to quantization noise, decibels; infinite where nothing was lost. */
  readonly sqnrDb: number;
}

/** What {@link importModel} did. */
export interface ImportReport {
  readonly path: string;
  readonly family: string;
  readonly name: string;
  readonly sha256: string;
  readonly fileBytes: number;
  /** What the weights would take as float32. */
  readonly float32Bytes: number;
  readonly parameters: number;
  /** Parameters by bits, for example `{4: 28000000, 32: 90000}`. */
  readonly parametersByBits: Readonly<Partial<Record<WeightBits, number>>>;
  readonly tensors: readonly TensorReport[];
  /** Scales and zeros that the checkpoint holds and the plan does not ask for, by their names there. */
  readonly unusedScales: readonly string[];
  readonly seconds: number;
}

/** What quantization did to one tensor. */
export interface TensorLoss {
  readonly signal: number;
  readonly noise: number;
}

export function reportTensor(
  { entry, groupFallback }: PlannedTensor,
  bytes: number,
  loss: TensorLoss,
): TensorReport {
  const format: Partial<CodeFormat> = entry.kind === 'codes' ? entry : {};
  return {
    name: entry.name,
    shape: entry.kind === 'bytes' ? [entry.length] : entry.shape,
    bits: format.bits ?? 32,
    scheme: format.scheme,
    groupSize: format.groupSize,
    activations: format.activations,
    groupFallback,
    bytes,
    sqnrDb: sqnrDb(loss.signal, loss.noise),
  };
}

/** "4 bits", or "floats" for 32, as which files hold in float16 or float32. */
export function widthName(bits: string): string {
  return bits === '32' ? 'floats' : `${bits} bits`;
}

/** How many parameters are held in how many bits; floats count as 32, in float16 too. */
export function countByBits(tensors: readonly TensorReport[]): Partial<Record<WeightBits, number>> {
  const counts: Partial<Record<WeightBits, number>> = {};
  for (const { bits, shape } of tensors) counts[bits] = (counts[bits] ?? 0) + elements(shape);
  return counts;
}

// Parameters by scheme and by bits of activations, where any is not the default.
function otherFormats(
  tensors: readonly TensorReport[],
): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const quantized = tensors.filter(({ bits }) => bits !== 32);
  const count = (format: (tensor: TensorReport) => unknown) => {
    const counts: Record<string, number> = {};
    for (const tensor of quantized) {
      const key = String(format(tensor));
      counts[key] = (counts[key] ?? 0) + elements(tensor.shape);
    }
    return counts;
  };
  return {
    ...(quantized.some(({ scheme }) => scheme !== SCHEMES[0]) && {
      parametersByScheme: count(({ scheme }) => scheme),
    }),
    ...(quantized.some(({ activations }) => activations !== ACTIVATION_BITS[0]) && {
      parametersByActivationBits: count(({ activations }) => activations),
    }),
  };
}

/** Number of values of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Least, middle and names of the worst signal-to-noise ratios, for a model's card. */
export function summarizeLosses(
  tensors: readonly TensorReport[],
): Readonly<Record<string, unknown>> | undefined {
  const sorted = worstFirst(tensors);
  const worst = sorted[0];
  if (!worst) return undefined;
  return {
    leastSqnrDb: tenth(worst.sqnrDb),
    medianSqnrDb: tenth(sorted[sorted.length >> 1]!.sqnrDb),
    worst: sorted.slice(0, 3).map(({ name }) => name),
  };
}

/** What a model's card tells of how its weights are held. */
export function cardFacts(tensors: readonly TensorReport[]): Readonly<Record<string, unknown>> {
  const parameters = tensors.reduce((sum, { shape }) => sum + elements(shape), 0);
  return {
    parameters,
    parametersByBits: countByBits(tensors),
    ...otherFormats(tensors),
    float32Bytes: 4 * parameters,
    quantization: summarizeLosses(tensors),
  };
}

/** The report for people, several lines. */
export function formatReport(report: ImportReport): string {
  const { fileBytes, float32Bytes, parameters, tensors } = report;
  const shares = Object.entries(report.parametersByBits)
    .reverse()
    .map(([bits, count]) => `${millions(count)} in ${widthName(bits)}`);
  const lines = [
    `${report.name} (${report.family}) -> ${report.path}`,
    `  ${millions(parameters)} parameters: ${shares.join(', ')}`,
    `  ${megabytes(fileBytes)}, ${(float32Bytes / fileBytes).toFixed(2)} times smaller than ` +
      `float32 (${megabytes(float32Bytes)}), in ${report.seconds.toFixed(1)} s`,
  ];
  const worst = worstFirst(tensors).slice(0, 5);
  if (worst.length > 0) lines.push('  most changed (signal to quantization noise):');
  for (const { name, sqnrDb: ratio, bits, scheme } of worst) {
    const how = scheme === SCHEMES[0] ? '' : ` ${scheme}`;
    lines.push(`    ${ratio.toFixed(1).padStart(5)} dB  ${bits} bits${how}  ${name}`);
  }
  for (const { name } of tensors.filter(({ groupFallback }) => groupFallback)) {
    lines.push(`  one scale per channel, as groups do not divide its inputs: ${name}`);
  }
  const [unused] = report.unusedScales;
  if (unused !== undefined) {
    lines.push(
      `  left aside: ${report.unusedScales.length} tensors of scales that training stored, such as ` +
        `${unused}; --clip stored takes them`,
    );
  }
  return lines.join('\n');
}

function worstFirst(tensors: readonly TensorReport[]): TensorReport[] {
  return tensors.filter(({ bits }) => bits !== 32).sort((a, b) => a.sqnrDb - b.sqnrDb);
}

function tenth(decibels: number): number | null {
  return Number.isFinite(decibels) ? Math.round(decibels * 10) / 10 : null;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
