// The options of `parrotlet quantize`. The command's own code is imported when it runs.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { activationsOption, floatsOption, groupOption, schemeOption } from './format-options.js';
import type { QuantizeFlags } from './quantize.js';
import type { Terminal } from './terminal.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Adds the command; `exit` is told its exit code. */
export function addQuantizeCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  program
    .command('quantize')
    .description('Quantize a float32 model file, by measured error where audio is given.')
    .argument('<in>', 'a model file in float32, as import --bits 32 writes it')
    .argument('<out>', 'the model file to write')
    .addOption(
      new Option('-w, --weights <width>', 'width of a weight (default: "int4")').choices([
        'int2',
        'int4',
        'int8',
      ]),
    )
    .addOption(schemeOption())
    .addOption(activationsOption())
    .addOption(floatsOption())
    .addOption(groupOption())
    .addOption(
      new Option('--indivisible <what>', 'where groups do not divide the inputs')
        .choices(['error', 'channel'])
        .default('error'),
    )
    .option(
      '--clip <how>',
      'share of the range of weights that codes span: max, a number such as 0.9, or search',
      parseClip,
      'search',
    )
    .addOption(
      new Option('--clip-error <what>', 'what a search makes small')
        .choices(['mse', 'l1'])
        .default('mse'),
    )
    .addOption(
      new Option('--clip-per <what>', 'what has a clip of its own: a scale, or an output channel')
        .choices(['group', 'channel'])
        .default('group'),
    )
    .addOption(
      new Option('--method <name>', 'gptq and gptq-fit need --calibrate')
        .choices(['round', 'hqq', 'gptq', 'gptq-fit'])
        .default('round'),
    )
    .option('--calibrate <file...>', 'audio: minutes of speech, for 2 bits hours')
    .option('--budget <size>', 'of the whole file, such as 3MB: bits by sensitivity', parseSize)
    .option('--plan <file>', 'JSON rules for single matrices, see docs/quantize.md')
    .option('--write-plan <file>', 'write what was decided for every matrix, for --plan')
    .option('--report <file>', 'write the report as .json, .svg or .html')
    .option('--name <name>', "the model's name (default: that of the source)")
    .option('--json', 'print the report as JSON')
    .action(async (source: string, output: string, flags: QuantizeFlags) => {
      const { quantizeFile } = await import('./quantize.js');
      exit(await quantizeFile(source, output, flags, terminal));
    });
}

function parseClip(text: string): number | 'max' | 'search' {
  return text === 'max' || text === 'search' ? text : parsePositive(text);
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)\s*([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  const bytes = Math.floor(Number(number || Number.NaN) * (factor ?? Number.NaN));
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError('Expected a size such as 3MB, 2.5MiB or 800kB.');
}
