// The options that `import` and `quantize` share: how codes stand for weights, and what they meet.
import { InvalidArgumentError, Option } from 'commander';
import {
  ACTIVATION_BITS,
  type ActivationBits,
  FLOAT_STORAGES,
  type FloatStorage,
  SCHEMES,
  type Scheme,
} from '../import/code-format.js';

export interface FormatFlags {
  readonly scheme: Scheme;
  readonly activations: ActivationBits;
  readonly floats: FloatStorage;
}

/** `--scheme`, which may be written `mid-rise` too. */
export function schemeOption(): Option {
  return new Option('--scheme <name>', 'how codes stand for weights')
    .choices(SCHEMES)
    .default(SCHEMES[0])
    .argParser((text) => {
      const scheme = text === 'mid-rise' ? 'midRise' : text;
      return chosen(
        SCHEMES.find((name) => name === scheme),
        SCHEMES,
      );
    });
}

/** `--activations`. */
export function activationsOption(): Option {
  return new Option('--activations <bits>', 'to which inputs of matrices are rounded; 32: floats')
    .choices(ACTIVATION_BITS.map(String))
    .default(ACTIVATION_BITS[0])
    .argParser((text) => {
      return chosen(
        ACTIVATION_BITS.find((bits) => String(bits) === text),
        ACTIVATION_BITS,
      );
    });
}

/** `--group`; whether it fits a matrix the plan says. */
export function groupOption(): Option {
  return new Option('-g, --group <n>', "inputs that share a scale, 'channel' or 'split:N'")
    .default('channel')
    .argParser((text) => {
      if (text === 'channel' || text.startsWith('split:')) return text;
      const size = Number(text);
      if (text.trim() !== '' && Number.isFinite(size) && size > 0) return size;
      throw new InvalidArgumentError("Expected a number above 0, 'channel' or 'split:N'.");
    });
}

/** `--floats`. */
export function floatsOption(): Option {
  return new Option('--floats <type>', 'of scales, norms and biases in the file')
    .choices(FLOAT_STORAGES)
    .default(FLOAT_STORAGES[0]);
}

function chosen<T>(choice: T | undefined, choices: readonly T[]): T {
  if (choice !== undefined) return choice;
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
}
