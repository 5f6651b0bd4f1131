// Quantizes a float32 model file: calibrates if asked to, plans, and writes a model file of integers.
import type { Backend } from '../backend/backend.js';
import { chooseBackend } from '../backend/choose.js';
import { ParrotletError, throwIfAborted } from '../errors.js';
import type { ClipError } from '../import/clip-search.js';
import type { ActivationBits, FloatStorage, Scheme } from '../import/code-format.js';
import type { Clip } from '../import/group-scales.js';
import { cardFacts, countByBits, elements, reportTensor } from '../import/import-report.js';
import type { ModelDocument } from '../import/model-document.js';
import type { TensorEntry } from '../import/model-layout.js';
import { ModelWriter, modelFileBytes } from '../import/model-writer.js';
import type { CodeBits } from '../import/pack.js';
import {
  type GroupSize,
  type PlannedTensor,
  type PlanRule,
  planTensors,
} from '../import/quantization-plan.js';
import { storedBytes, writeTensor } from '../import/write-tensor.js';
import { Calibration } from './calibration.js';
import { checkOptions } from './check-options.js';
import { fitBudget, rulesOf } from './choose-plan.js';
import { type FloatModel, openFloatModel } from './float-model.js';
import { MatrixQuantizer, type MatrixSettings, type Method } from './matrix-quantizer.js';
import {
  type QuantizationReport,
  type QuantizedTensorReport,
  weightsOf,
} from './quantization-report.js';

/** How far the work has come, in files for `calibrate`, else in weights. */
export interface QuantizeProgress {
  readonly stage: 'calibrate' | 'measure' | 'quantize';
  readonly done: number;
  readonly total: number;
}

export interface QuantizeModelOptions {
  /** A model file with float32 weights. */
  readonly source: string;
  /** Where the model will stand; another file than the source. */
  readonly output: string;
  /** Of matrices that no rule decides; default 4. Not together with `budget`. */
  readonly bits?: CodeBits;
  /** Default `'symmetric'`. */
  readonly scheme?: Scheme;
  /** To what the engine rounds the inputs of matrices while it runs; default 8, 32 for floats. */
  readonly activations?: ActivationBits;
  /** Inputs that share a scale; default `'channel'`. */
  readonly groupSize?: GroupSize;
  /** What happens where `groupSize` does not divide the inputs; default `'error'`. */
  readonly indivisible?: 'error' | 'channel';
  /** Default `'search'`. */
  readonly clip?: Clip;
  /** What a search makes small; default `'mse'`. */
  readonly clipError?: ClipError;
  /** Whether each scale or each output channel has a clip of its own; default `'group'`. */
  readonly clipPer?: 'group' | 'channel';
  /** How the file holds scales, zeros and what is no weight matrix; default `'float32'`. */
  readonly floats?: FloatStorage;
  /** Default `'round'`; `'gptq'` and `'gptq-fit'` need `calibration`. */
  readonly method?: Method;
  /** Audio files the float model is run on: a few minutes of speech like that to come. */
  readonly calibration?: readonly string[];
  /** Rules for single matrices, tried in order; see `parsePlan` for the JSON form. */
  readonly plan?: readonly PlanRule[];
  /** Bytes that the whole file may take; bits are then chosen by sensitivity. */
  readonly budget?: number;
  /** The model's name; default: that of the source. */
  readonly name?: string;
  /** For the card; default now. */
  readonly date?: Date;
  readonly onProgress?: (progress: QuantizeProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Quantizes a model. The file appears whole or not at all.
 *
 * @throws ParrotletError `INVALID_ARGUMENT` (an option, a plan, a budget that cannot be met, a source
 *   that holds integers already), `MODEL_NOT_FOUND` and all other `MODEL_` codes, the `AUDIO_` codes,
 *   `IO_ERROR`, `ABORTED`, `BACKEND_UNAVAILABLE`.
 */
export async function quantizeModel(
  options: QuantizeModelOptions,
  backend: Backend = chooseBackend().backend,
): Promise<QuantizationReport> {
  const start = performance.now();
  throwIfAborted(options.signal);
  await checkOptions(options);
  const model = await openFloatModel(options.source, backend, options.signal);
  let calibration: Calibration | undefined;
  try {
    calibration = await calibrate(model, options);
    const report = await new Quantization(model, options, calibration).run();
    return { ...report, seconds: (performance.now() - start) / 1000 };
  } finally {
    calibration?.close();
    await model.close();
  }
}

async function calibrate(
  model: FloatModel,
  { calibration: files, onProgress, signal }: QuantizeModelOptions,
): Promise<Calibration | undefined> {
  if (!files) return undefined;
  return Calibration.run(model.engine, files, {
    onProgress: (done) => onProgress?.({ stage: 'calibrate', done, total: files.length }),
    signal,
  });
}

class Quantization {
  readonly #model: FloatModel;
  readonly #options: QuantizeModelOptions;
  readonly #calibration: Calibration | undefined;
  readonly #weights: number;

  constructor(
    model: FloatModel,
    options: QuantizeModelOptions,
    calibration: Calibration | undefined,
  ) {
    this.#model = model;
    this.#options = options;
    this.#calibration = calibration;
    this.#weights = weightsOf(model.tensors);
  }

  async run(): Promise<Omit<QuantizationReport, 'seconds'>> {
    const planned = await this.#plan();
    const { tensors, ...written } = await this.#write(planned);
    const { output, budget, method = 'round' } = this.#options;
    const calibrated = this.#calibration !== undefined;
    return {
      path: output,
      name: this.#document().name,
      method,
      ...written,
      float32Bytes: tensors.reduce((sum, { shape }) => sum + 4 * elements(shape), 0),
      parametersByBits: countByBits(tensors),
      calibrationSeconds: this.#calibration?.seconds ?? 0,
      sensitivity:
        budget === undefined
          ? undefined
          : calibrated
            ? 'relative output error'
            : 'relative weight error x weights',
      plan: rulesOf(planned),
      tensors,
    };
  }

  async #plan(): Promise<PlannedTensor[]> {
    const { bits = 4, budget, plan = [], signal } = this.#options;
    const { scheme, activations, groupSize, indivisible, clip, floats } = this.#options;
    const sources = this.#model.tensors;
    const defaults = {
      ...(scheme !== undefined && { scheme }),
      ...(activations !== undefined && { activations }),
      ...(groupSize !== undefined && { groupSize }),
      ...(indivisible !== undefined && { indivisible }),
      ...(clip !== undefined && { clip }),
      ...(floats !== undefined && { floats }),
    };
    if (budget === undefined) return planTensors(sources, { ...defaults, bits }, plan);
    let done = 0;
    return fitBudget({
      ...{ sources, defaults, rules: plan, budget, signal },
      fileBytes: (entries) => modelFileBytes(this.#document(), this.#withPieces(entries)),
      settingsOf: (planned) => ({ ...this.#settings(planned), method: 'round' }),
      onMeasured: (weights) => {
        done += weights;
        this.#report('measure', done);
      },
    });
  }

  async #write(planned: readonly PlannedTensor[]): Promise<{
    readonly tensors: readonly QuantizedTensorReport[];
    readonly fileBytes: number;
    readonly sha256: string;
  }> {
    const { output, signal } = this.#options;
    const entries = this.#withPieces(planned.map(({ entry }) => entry));
    const writer = await ModelWriter.create(output, this.#document(), entries);
    try {
      await writer.write('tokenizer.pieces', this.#model.pieces);
      const tensors: QuantizedTensorReport[] = [];
      let done = 0;
      for (const one of planned) {
        throwIfAborted(signal);
        tensors.push(await this.#writeOne(writer, one));
        if (!one.source.quantizable) continue;
        done += elements(one.source.shape);
        this.#report('quantize', done);
      }
      return { tensors, ...(await writer.finish(this.#document(tensors))) };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async #writeOne(writer: ModelWriter, planned: PlannedTensor): Promise<QuantizedTensorReport> {
    const { source, entry } = planned;
    let quantizer: MatrixQuantizer | undefined;
    const loss = await writeTensor(writer, entry, await source.load(), {
      prepare: async (codes) => {
        const made = await MatrixQuantizer.create(this.#settings(planned), codes.shape[1]);
        quantizer = made;
        return (rows) => made.quantize(rows, codes);
      },
      signal: this.#options.signal,
    });
    return {
      ...reportTensor(planned, storedBytes(entry), loss),
      clip: quantizer?.clip,
      outputError: quantizer?.outputError,
    };
  }

  #settings({ entry, clip }: PlannedTensor): MatrixSettings {
    const { method = 'round', clipError = 'mse', clipPer = 'group' } = this.#options;
    if (clip === 'stored') {
      throw new ParrotletError('INTERNAL', `The plan has stored scales for "${entry.name}".`);
    }
    return { method, clip, clipError, clipPer, moments: this.#calibration?.momentsOf(entry.name) };
  }

  // The header is laid out for what is known before the tensors are; the rest may be a little longer.
  #document(tensors: readonly QuantizedTensorReport[] = []): ModelDocument {
    const { name, date = new Date(), method = 'round' } = this.#options;
    const { document } = this.#model;
    const { quantization, ...facts } = cardFacts(tensors);
    const calibrationSeconds = Math.round(this.#calibration?.seconds ?? 0);
    const card = {
      ...document.card,
      ...facts,
      quantized: date.toISOString().slice(0, 10),
      quantization: { method, calibrationSeconds, ...(quantization as object | undefined) },
    };
    return { ...document, name: name ?? document.name, card };
  }

  #withPieces(entries: readonly TensorEntry[]): TensorEntry[] {
    const { length } = this.#model.pieces;
    return [...entries, { name: 'tokenizer.pieces', kind: 'bytes', length }];
  }

  #report(stage: QuantizeProgress['stage'], done: number): void {
    this.#options.onProgress?.({ stage, done, total: this.#weights });
  }
}
