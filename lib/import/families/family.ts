// What the importer asks of a family of checkpoints. A new family is one file here and one line in
// import-families.ts.
import { ParrotletError } from '../../errors.js';
import type { ModelDocument } from '../model-document.js';
import type { TensorMapper, TensorSource } from '../tensor-source.js';
import type { WeightFolder } from '../weight-folder.js';

/** What the user pointed at. */
export interface ImportOrigin {
  /** A folder, a file, or a name that a family makes models of. */
  readonly source: string;
  /** The folder with config.json and tokenizer.json, where the source is a file elsewhere. */
  readonly base?: string | undefined;
}

/** A checkpoint brought into the model file's terms. Close it when done. */
export interface ImportedModel {
  /** Its card holds what the checkpoint says about itself. */
  readonly document: ModelDocument;
  readonly tensors: readonly TensorSource[];
  /** `tokenizer.pieces` of the model file. */
  readonly pieces: Uint8Array;
  close(): Promise<void>;
}

/** A kind of checkpoint that can be imported. */
export interface ImportFamily {
  readonly name: string;
  /** One line for lists and error messages. */
  readonly description: string;
  /** Whether this family can read the origin. Never throws for what is merely something else. */
  matches(origin: ImportOrigin): Promise<boolean>;
  /**
   * Reads all but the weights' values.
   *
   * @throws ParrotletError `MODEL_NOT_FOUND`, `IO_ERROR` and all `MODEL_` codes.
   */
  read(origin: ImportOrigin): Promise<ImportedModel>;
}

/** What a checkpoint's own metadata says for the card. Other entries may name private paths. */
export function cardOf(metadata: ReadonlyMap<string, string>): Record<string, string> {
  const wanted = ['licence', 'license', 'base', 'data', 'source'];
  return Object.fromEntries(
    [...metadata]
      .filter(([key]) => wanted.includes(key))
      .map(([key, text]) => [key === 'license' ? 'licence' : key, text]),
  );
}

/** Throws `MODEL_SHAPE` where the checkpoint holds weights that nothing asked for. */
export function expectAllTaken(
  weights: WeightFolder,
  mapper: TensorMapper,
  ignored: RegExp,
  family: string,
): void {
  for (const name of weights.names) {
    if (mapper.taken.has(name) || ignored.test(name)) continue;
    throw new ParrotletError(
      'MODEL_SHAPE',
      `The checkpoint's tensor "${name}" has no place in a model of the family "${family}": ` +
        'it is another architecture, or its config.json is of another model.',
    );
  }
}
