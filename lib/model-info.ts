// What a model file says about itself.

/** What a model is, as read from its file. */
export interface ModelInfo {
  readonly name: string;
  /** Version of the file format. */
  readonly version: number;
  /** Rate the model hears at, in Hz; sessions resample to it. */
  readonly sampleRate: number;
  /** Longest segment the model was made for. */
  readonly maxSegmentSeconds: number;
  /** How text comes out of the encoder. */
  readonly output: 'attentionDecoder' | 'ctc';
  /** Size of the file. */
  readonly fileBytes: number;
  /** Memory of the weights, packed for this CPU; shared by all sessions. */
  readonly weightBytes: number;
  /** Trained numbers in the model. */
  readonly parameters: number;
  /** Parameters by the bits each is held in, for example `{"4": 25000000, "32": 40000}`. */
  readonly bits: Readonly<Record<string, number>>;
  /** Instruction set whose kernels run, for example `avx2`. */
  readonly target: string;
  /** Period of the encoder's frames. */
  readonly frameSeconds: number;
  /** Delay that no faster CPU removes, with the default chunk. */
  readonly algorithmicDelayMs: number;
  /** Choices for `SessionOptions.chunkMs`; empty when the model does not work in chunks. */
  readonly chunkMs: readonly number[];
  /** The chunk when `SessionOptions.chunkMs` is not given; 0 when the model does not work in chunks. */
  readonly defaultChunkMs: number;
  /** The look-ahead when `SessionOptions.lookAheadMs` is not given; 0 without chunks. */
  readonly defaultLookAheadMs: number;
  /** Whether `SessionOptions.chunkMs` may be `segment`. */
  readonly wholeSegments: boolean;
  /** Licence, origin, training data, error rates: free-form. */
  readonly card: Readonly<Record<string, unknown>>;
  /** The whole document of the file, its tensors left out; see docs/model-format.md. */
  readonly document: Readonly<Record<string, unknown>>;
}

const engineKeys = new Set([
  'fileBytes',
  'weightBytes',
  'parameters',
  'bits',
  'target',
  'frameSeconds',
  'algorithmicDelayMs',
  'chunkMs',
  'defaultChunkMs',
  'defaultLookAheadMs',
  'wholeSegments',
]);

/** Reads the JSON of `pl_model_describe`. */
export function parseModelInfo(json: string): ModelInfo {
  const all = JSON.parse(json) as ModelInfo & Record<string, unknown>;
  return {
    name: all.name,
    version: all.version,
    sampleRate: all.sampleRate,
    maxSegmentSeconds: all.maxSegmentSeconds,
    output: all.output,
    fileBytes: all.fileBytes,
    weightBytes: all.weightBytes,
    parameters: all.parameters,
    bits: all.bits,
    target: all.target,
    frameSeconds: all.frameSeconds,
    algorithmicDelayMs: all.algorithmicDelayMs,
    chunkMs: all.chunkMs,
    defaultChunkMs: all.defaultChunkMs,
    defaultLookAheadMs: all.defaultLookAheadMs,
    wholeSegments: all.wholeSegments,
    card: all.card ?? {},
    document: Object.fromEntries(Object.entries(all).filter(([key]) => !engineKeys.has(key))),
  };
}
