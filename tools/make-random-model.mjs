// Writes a model of random weights: `node tools/make-random-model.mjs conformer-m 4 out.safetensors`.
// Needs `npm run build:ts`.
import { parseArgs } from 'node:util';
import { ACTIVATION_BITS, SCHEMES } from '../dist/esm/import/code-format.js';
import { importModel } from '../dist/esm/import/import-model.js';
import { formatReport } from '../dist/esm/import/import-report.js';
import { RANDOM_MODELS } from '../dist/esm/import/random-models.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    group: { type: 'string', default: 'channel' },
    scheme: { type: 'string', default: 'symmetric' },
    activations: { type: 'string', default: '8' },
  },
});
const [name, bits, output] = positionals;
if (output === undefined) {
  console.error(
    `Usage: make-random-model.mjs NAME BITS OUTPUT [--seed N] [--group N] [--scheme S] [--activations A]
  NAME  ${[...RANDOM_MODELS.keys()].join(', ')}
  BITS  32, 8, 4 or 2
  S     ${SCHEMES.join(', ')}
  A     ${ACTIVATION_BITS.join(', ')}`,
  );
  process.exit(2);
}
const report = await importModel({
  source: `random:${name}:${values.seed}`,
  output,
  bits: Number(bits),
  groupSize: values.group === 'channel' ? 'channel' : Number(values.group),
  scheme: values.scheme,
  activations: Number(values.activations),
  indivisible: 'channel',
  date: new Date(0),
});
console.log(formatReport(report));
