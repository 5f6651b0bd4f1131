// Checks what can be checked before a model is opened, so that a typing mistake costs no time.
import { expectArgument } from '../errors.js';
import { ACTIVATION_BITS, FLOAT_STORAGES, SCHEMES } from '../import/code-format.js';
import { expectOtherFile } from '../import/other-file.js';
import { METHODS, needsCalibration } from './matrix-quantizer.js';
import type { QuantizeModelOptions } from './quantize-model.js';

/**
 * Plans and their choices are checked when they meet the model.
 *
 * @throws ParrotletError `INVALID_ARGUMENT`.
 */
export async function checkOptions(options: QuantizeModelOptions): Promise<void> {
  const { scheme = 'symmetric', method = 'round', clipError = 'mse', clipPer = 'group' } = options;
  const { calibration, budget, bits, activations = 8, floats = 'float32' } = options;
  expectArgument(SCHEMES.includes(scheme), 'scheme', `one of ${SCHEMES.join(', ')}`, scheme);
  expectArgument(ACTIVATION_BITS.includes(activations), 'activations', '8, 4 or 32', activations);
  expectArgument(FLOAT_STORAGES.includes(floats), 'floats', '"float32" or "float16"', floats);
  expectArgument(METHODS.includes(method), 'method', `one of ${METHODS.join(', ')}`, method);
  expectArgument(['mse', 'l1'].includes(clipError), 'clipError', '"mse" or "l1"', clipError);
  expectArgument(
    ['group', 'channel'].includes(clipPer),
    'clipPer',
    '"group" or "channel"',
    clipPer,
  );
  expectArgument(
    bits === undefined || [2, 4, 8].includes(bits),
    'bits',
    '2, 4 or 8 (the source already holds floats)',
    bits,
  );
  expectArgument(
    !needsCalibration(method) || calibration !== undefined,
    'calibration',
    `audio files, as the method ${method} needs them,`,
    calibration,
  );
  expectArgument(
    calibration === undefined || calibration.length > 0,
    'calibration',
    'at least one audio file',
    calibration,
  );
  expectArgument(
    budget === undefined || (Number.isSafeInteger(budget) && budget > 0),
    'budget',
    'a whole number of bytes above 0',
    budget,
  );
  expectArgument(
    budget === undefined || bits === undefined,
    'bits',
    'nothing beside a budget, which chooses the bits itself,',
    bits,
  );
  await expectOtherFile(options.source, options.output);
}
