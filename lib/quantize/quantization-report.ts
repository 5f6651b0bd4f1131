// What quantizing a model did, as an object and as a table.
import { elements, type TensorReport, widthName } from '../import/import-report.js';
import type { PlanRule, WeightBits } from '../import/quantization-plan.js';
import type { Method } from './matrix-quantizer.js';

/** One tensor of a quantized model. */
export interface QuantizedTensorReport extends TensorReport {
  /** Mean over its groups of the share of their range that the codes span; undefined for float32. */
  readonly clip: number | undefined;
  /**
   * Energy of its output's error by that of its output on the calibration audio; undefined for
   * float32 or without calibration.
   */
  readonly outputError: number | undefined;
}

/** What {@link quantizeModel} did. */
export interface QuantizationReport {
  readonly path: string;
  readonly name: string;
  readonly method: Method;
  readonly sha256: string;
  readonly fileBytes: number;
  /** What the weights would take as float32. */
  readonly float32Bytes: number;
  /** Parameters by bits, for example `{4: 28000000, 32: 90000}`. */
  readonly parametersByBits: Readonly<Partial<Record<WeightBits, number>>>;
  /** Of calibration audio; 0 without. */
  readonly calibrationSeconds: number;
  /** What a budget was shared out by; undefined without a budget. */
  readonly sensitivity: 'relative output error' | 'relative weight error x weights' | undefined;
  /** How every matrix is held, as rules that make the same choice again. */
  readonly plan: readonly PlanRule[];
  readonly tensors: readonly QuantizedTensorReport[];
  readonly seconds: number;
}

/** The quantized matrices, in the order of the file. */
export function quantizedOnly(report: QuantizationReport): readonly QuantizedTensorReport[] {
  return report.tensors.filter(({ bits }) => bits !== 32);
}

/** One line of {@link tableOf}. */
export type TableRow = readonly [
  name: string,
  bits: string,
  scheme: string,
  group: string,
  activations: string,
  clip: string,
  snr: string,
  outputError: string,
];

export const TABLE_HEAD: TableRow = [
  'matrix',
  'bits',
  'scheme',
  'group',
  'activations',
  'clip',
  'SNR dB',
  'output error',
];

/** The quantized matrices as rows of text; a dash stands where nothing was measured. */
export function tableOf(report: QuantizationReport): TableRow[] {
  return quantizedOnly(report).map(
    ({ name, shape, bits, scheme, groupSize, activations, clip, sqnrDb, outputError }) => [
      name,
      String(bits),
      String(scheme),
      groupSize === shape[1] ? 'channel' : String(groupSize),
      String(activations),
      clip === undefined ? '-' : clip.toFixed(2),
      Number.isFinite(sqnrDb) ? sqnrDb.toFixed(1) : 'exact',
      outputError === undefined ? '-' : outputError.toExponential(1),
    ],
  );
}

/** What was done, in a few lines without the table. */
export function summaryOf(report: QuantizationReport): string[] {
  const { fileBytes, float32Bytes, parametersByBits, sensitivity, calibrationSeconds } = report;
  const shares = Object.entries(parametersByBits)
    .reverse()
    .map(([bits, count]) => `${(count / 1e6).toFixed(2)} M in ${widthName(bits)}`);
  const heard = calibrationSeconds > 0 ? `, calibrated on ${calibrationSeconds.toFixed(1)} s` : '';
  return [
    `${report.name} -> ${report.path}`,
    `parameters: ${shares.join(', ')}; method ${report.method}${heard}`,
    `${fileBytes} bytes, ${(float32Bytes / fileBytes).toFixed(2)} times smaller than float32 ` +
      `(${float32Bytes}), in ${report.seconds.toFixed(1)} s`,
    ...(sensitivity ? [`the budget was shared out by ${sensitivity}`] : []),
  ];
}

/** The report for people: a summary and a table. */
export function formatQuantization(report: QuantizationReport): string {
  const rows = [TABLE_HEAD, ...tableOf(report)];
  const widths = TABLE_HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  '),
  );
  const fallbacks = report.tensors
    .filter(({ groupFallback }) => groupFallback)
    .map(({ name }) => `one scale per channel, as groups do not divide its inputs: ${name}`);
  return [...summaryOf(report), '', ...lines, ...fallbacks].join('\n');
}

/** Weights of all tensors that may be quantized. */
export function weightsOf(
  tensors: readonly { readonly quantizable: boolean; readonly shape: readonly number[] }[],
): number {
  return tensors.reduce(
    (sum, { quantizable, shape }) => sum + (quantizable ? elements(shape) : 0),
    0,
  );
}
