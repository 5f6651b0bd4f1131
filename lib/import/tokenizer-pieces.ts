// Turns a Hugging Face tokenizer.json into the pieces of a model file.
import { ParrotletError } from '../errors.js';

/** A tokenizer as the model file stores it. */
export interface TokenizerPieces {
  /** For every id in order one length byte and that many bytes of UTF-8. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Ids that stand for no text. */
  readonly special: readonly number[];
}

/** The fields of tokenizer.json that are read; none is trusted. */
interface TokenizerJson {
  readonly model?: unknown;
  readonly added_tokens?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly decoder?: unknown;
}

const MAX_PIECE_BYTES = 255;

/**
 * Reads the text of a tokenizer.json whose pieces are SentencePiece-like: U+2581 begins a word,
 * `<0x41>` is the byte 0x41.
 *
 * @throws ParrotletError `MODEL_MALFORMED`, `MODEL_UNSUPPORTED` (another kind of tokenizer),
 *   `MODEL_SHAPE` (ids missing or used twice), `MODEL_TOO_LARGE` (a piece of over 255 bytes).
 */
export function readTokenizerJson(text: string): TokenizerPieces {
  const json: TokenizerJson = parseJson(text);
  const model = asObject(json.model, 'model');
  if (JSON.stringify([json.pre_tokenizer, json.decoder]).includes('"ByteLevel"')) {
    throw new ParrotletError(
      'MODEL_UNSUPPORTED',
      'tokenizer.json is a byte-level one; the importer reads SentencePiece-like tokenizers, ' +
        'whose words begin with U+2581.',
    );
  }
  const pieces = new Map<number, string>();
  for (const [piece, id] of vocabularyOf(model)) addPiece(pieces, id, piece);
  const special: number[] = [];
  for (const token of asArray(json.added_tokens ?? [], 'added_tokens')) {
    const { id, content, special: isSpecial } = asObject(token, 'added_tokens');
    addPiece(pieces, id, content);
    if (isSpecial === true) special.push(Number(id));
  }
  return { ...encodePieces(pieces), special: special.sort((a, b) => a - b) };
}

/** Pieces in order of their ids, as a model file stores them. */
export function encodePieces(pieces: ReadonlyMap<number, string>): {
  readonly bytes: Uint8Array;
  readonly count: number;
} {
  const chunks: Buffer[] = [];
  for (let id = 0; id < pieces.size; ++id) {
    const piece = pieces.get(id);
    if (piece === undefined) {
      throw new ParrotletError(
        'MODEL_SHAPE',
        `The tokenizer has ${pieces.size} pieces, but none with id ${id}; ids must be 0 to ` +
          `${pieces.size - 1} without holes.`,
      );
    }
    const bytes = Buffer.from(piece, 'utf8');
    if (bytes.length > MAX_PIECE_BYTES) {
      throw new ParrotletError(
        'MODEL_TOO_LARGE',
        `Piece ${id} of the tokenizer has ${bytes.length} bytes; a model file holds pieces of ` +
          `at most ${MAX_PIECE_BYTES}.`,
      );
    }
    chunks.push(Buffer.of(bytes.length), bytes);
  }
  return { bytes: Buffer.concat(chunks), count: pieces.size };
}

// BPE and WordLevel keep {piece: id}; Unigram keeps [[piece, score], ...] in order of ids.
function vocabularyOf(model: Record<string, unknown>): (readonly [unknown, unknown])[] {
  const { type, vocab } = model;
  if (type === 'Unigram') {
    return asArray(vocab, 'model.vocab').map((row, id) => [asArray(row, 'model.vocab')[0], id]);
  }
  if (type === 'BPE' || type === undefined) return Object.entries(asObject(vocab, 'model.vocab'));
  throw new ParrotletError(
    'MODEL_UNSUPPORTED',
    `tokenizer.json is of type ${JSON.stringify(type)}; the importer reads BPE and Unigram.`,
  );
}

function addPiece(pieces: Map<number, string>, id: unknown, piece: unknown): void {
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || typeof piece !== 'string') {
    throw malformed(`the entry ${JSON.stringify(piece)}: ${JSON.stringify(id)} is no piece and id`);
  }
  const other = pieces.get(id);
  if (other !== undefined && other !== piece) {
    throw new ParrotletError(
      'MODEL_SHAPE',
      `tokenizer.json gives id ${id} to both ${JSON.stringify(other)} and ${JSON.stringify(piece)}.`,
    );
  }
  pieces.set(id, piece);
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text), 'the text');
  } catch (cause) {
    if (cause instanceof ParrotletError) throw cause;
    throw malformed((cause as Error).message);
  }
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw malformed(`${name} is not an object`);
}

function asArray(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed(`${name} is not an array`);
}

function malformed(fault: string): ParrotletError {
  return new ParrotletError(
    'MODEL_MALFORMED',
    `tokenizer.json is not what it must be: ${fault}. Fetch it again.`,
  );
}
