// `parrotlet quantize`: a float32 model file in, a quantized one out, with a report.
import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { expectArgument, ParrotletError } from '../errors.js';
import type { ClipError } from '../import/clip-search.js';
import type { Clip } from '../import/group-scales.js';
import { type GroupSize, type PlanRule, parsePlan } from '../import/quantization-plan.js';
import type { Method } from '../quantize/matrix-quantizer.js';
import { formatQuantization, type QuantizationReport } from '../quantize/quantization-report.js';
import { type QuantizeProgress, quantizeModel } from '../quantize/quantize-model.js';
import { plotSvg, reportPage } from '../quantize/report-plot.js';
import type { FormatFlags } from './format-options.js';
import { createProgress, type Progress } from './progress.js';
import type { Output, Terminal } from './terminal.js';

export interface QuantizeFlags extends FormatFlags {
  readonly weights?: 'int2' | 'int4' | 'int8';
  readonly group: GroupSize;
  readonly indivisible: 'error' | 'channel';
  readonly clip: Clip;
  readonly clipError: ClipError;
  readonly clipPer: 'group' | 'channel';
  readonly method: Method;
  readonly calibrate?: readonly string[];
  readonly budget?: number;
  readonly plan?: string;
  readonly writePlan?: string;
  readonly report?: string;
  readonly name?: string;
  readonly json?: boolean;
}

type Writer = (report: QuantizationReport) => string;

/** What `--report` writes, by the file's ending. */
const REPORTS: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ['.json', (report) => `${JSON.stringify(report, null, 2)}\n`],
  ['.svg', plotSvg],
  ['.html', reportPage],
]);

const WIDTHS = { int2: 2, int4: 4, int8: 8 } as const;

/** Quantizes the model; returns the exit code. */
export async function quantizeFile(
  source: string,
  output: string,
  flags: QuantizeFlags,
  { stdout, stderr, signal }: Terminal,
): Promise<number> {
  const writer = flags.report === undefined ? undefined : reportWriter(flags.report);
  const plan = flags.plan === undefined ? undefined : parsePlan(await readPlan(flags.plan));
  const bars = new StageBars(stderr);
  try {
    const report = await quantizeModel({
      source,
      output,
      scheme: flags.scheme,
      activations: flags.activations,
      floats: flags.floats,
      groupSize: flags.group,
      indivisible: flags.indivisible,
      clip: flags.clip,
      clipError: flags.clipError,
      clipPer: flags.clipPer,
      method: flags.method,
      signal,
      ...(flags.weights && { bits: WIDTHS[flags.weights] }),
      ...(flags.calibrate && { calibration: flags.calibrate }),
      ...(flags.budget !== undefined && { budget: flags.budget }),
      ...(plan && { plan }),
      ...(flags.name !== undefined && { name: flags.name }),
      onProgress: (progress) => bars.show(progress),
    });
    bars.stop();
    if (flags.writePlan !== undefined) await writeText(flags.writePlan, planText(report.plan));
    if (flags.report !== undefined && writer) await writeText(flags.report, writer(report));
    stdout.write(`${flags.json ? JSON.stringify(report) : formatQuantization(report)}\n`);
    return 0;
  } finally {
    bars.stop();
  }
}

/** One bar after the other, as the stages follow. */
class StageBars {
  readonly #out: Output;
  #stage: QuantizeProgress['stage'] | undefined;
  #bar: Progress | undefined;

  constructor(out: Output) {
    this.#out = out;
  }

  show({ stage, done, total }: QuantizeProgress): void {
    if (stage !== this.#stage) {
      this.stop();
      this.#stage = stage;
      this.#bar = createProgress(this.#out, stage, stage === 'calibrate' ? 'files' : 'weights', 1);
    }
    this.#bar?.update(done, total);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function reportWriter(file: string): Writer {
  const writer = REPORTS.get(extname(file).toLowerCase());
  const endings = [...REPORTS.keys()].join(', ');
  expectArgument(writer !== undefined, 'report', `a file that ends in one of ${endings}`, file);
  return writer;
}

// One rule a line, so that plans can be compared and edited.
function planText(plan: readonly PlanRule[]): string {
  return `[\n${plan.map((rule) => `  ${JSON.stringify(rule)}`).join(',\n')}\n]\n`;
}

async function readPlan(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: Error) => {
    throw new ParrotletError('IO_ERROR', `Cannot read the plan ${path}: ${cause.message}.`, {
      cause,
    });
  });
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: Error) => {
    throw new ParrotletError('IO_ERROR', `Cannot write ${path}: ${cause.message}.`, { cause });
  });
}
