// The commands of `parrotlet`, their options, and what their exit codes mean. A command's own code
// is imported when it runs, so that --help and --version load nothing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_MODEL_BITS } from '../default-model.js';
import type { ConfidenceDocument } from '../import/model-document.js';
import { packageRoot } from '../package-root.cjs';
import { reportFailure } from './failure.js';
import { activationsOption, floatsOption, groupOption, schemeOption } from './format-options.js';
import type { ImportFlags } from './import.js';
import type { ListenFlags } from './listen.js';
import { addQuantizeCommand } from './quantize-command.js';
import type { ModelFlags } from './recognition.js';
import type { Terminal } from './terminal.js';
import type { TranscribeFlags } from './transcribe.js';

const USAGE_ERROR = 2;
const INTERRUPTED = 130;

/**
 * Runs one command line (without `node` and the script) and returns its exit code: 0 done, 1 failed,
 * 2 wrong usage, 130 interrupted.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (terminal.signal.aborted) return INTERRUPTED;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    reportFailure(terminal, error);
    return 1;
  }
}

/** The parser with all commands; `exit` is told a command's exit code. */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command('parrotlet')
    .description('Streaming speech recognition on the CPU.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(run with --help for the usage)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns || 80,
      getErrHelpWidth: () => terminal.stderr.columns || 80,
    });

  addTranscribe(program, terminal, exit);
  addListen(program, terminal, exit);

  program
    .command('info')
    .description('Describe a model: size, bits, delay, and the card of its makers.')
    .argument('[model]', 'path or URL of a model file', 'default')
    .addOption(defaultBits())
    .option('--json', 'print JSON')
    .action(async (model: string, flags: ModelFlags & { json?: boolean }) => {
      const { showInfo } = await import('./info.js');
      exit(await showInfo(model, flags, terminal));
    });

  program
    .command('import')
    .description('Quantize a checkpoint and write it as a model file.')
    .argument('<source>', 'a folder in the layout of Hugging Face, or a .safetensors file')
    .requiredOption('-o, --output <file>', 'the model file to write')
    .addOption(
      new Option('-b, --bits <n>', 'bits of a weight; 32 keeps floats')
        .choices(['2', '4', '8', '32'])
        .default(4)
        .argParser(parseBits),
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
    .addOption(
      new Option('--clip <how>', 'how scales are chosen; stored: those of the checkpoint')
        .choices(['search', 'max', 'stored'])
        .default('search'),
    )
    .option('--plan <file>', 'JSON rules for single matrices, see docs/import.md')
    .option('--base <folder>', 'folder of config.json and tokenizer.json, if not beside the source')
    .option('--family <name>', 'kind of checkpoint (default: found out)')
    .option('--name <name>', "the model's name (default: that of the source)")
    .option('--max-segment <s>', "longest segment in seconds (default: the family's)", parseNumber)
    .option('--alignment-heads <l:h,...>', 'cross-attention heads that follow time', parseHeads)
    .option('--confidence <a,b,least>', 'calibration, see docs/confidence.md', parseConfidence)
    .option('--card <file>', "JSON object of facts for the model's card")
    .option('--json', 'print the report as JSON')
    .action(async (source: string, flags: ImportFlags) => {
      const { importCheckpoint } = await import('./import.js');
      exit(await importCheckpoint(source, flags, terminal));
    });

  addQuantizeCommand(program, terminal, exit);

  program
    .command('doctor')
    .description('Tell what runs on this machine, why, and what is missing.')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }) => {
      const { diagnose } = await import('./doctor.js');
      exit(await diagnose(flags, terminal));
    });
  return program;
}

function addTranscribe(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program
    .command('transcribe')
    .description('Print what is said in audio files.')
    .argument('<file...>', 'WAV, FLAC, Ogg Opus or MP3 files; - reads one from standard input')
    .option('-l, --live', 'show words as they are spoken, dim while they may change')
    .option(
      '--speed <n>',
      'times the speed of speech, 0 for no limit (default: 1 with --live)',
      parseNumberOrZero,
    )
    .option('--json', 'print one JSON object a line and file, or with --live a line and event');
  addRecognition(command).action(async (files: string[], flags: TranscribeFlags) => {
    const { transcribeFiles } = await import('./transcribe.js');
    exit(await transcribeFiles(files, flags, terminal));
  });
}

function addListen(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program
    .command('listen')
    .description('Print what is said into the microphone, until Ctrl-C.')
    .option('-d, --device <name>', 'the microphone (default: that of the system)')
    .option('--list-devices', 'print the names of the microphones')
    .option('--capture <name>', 'what records, one of those that doctor names (default: the first)')
    .option('-s, --seconds <n>', 'end after this time', parseNumber)
    .option('--json', 'print one JSON object a line and event');
  addRecognition(command).action(async (flags: ListenFlags) => {
    const { listen } = await import('./listen.js');
    exit(await listen(flags, terminal));
  });
}

function defaultBits(): Option {
  const choices = DEFAULT_MODEL_BITS.map(String);
  return new Option(
    '-b, --bits <n>',
    'of the default model: fewer are smaller, more err less (default: 4)',
  )
    .choices(choices)
    .argParser((text) => parseChoice(text, choices));
}

function addRecognition(command: Command): Command {
  return command
    .option('-m, --model <model>', 'path or URL of a model file', 'default')
    .addOption(defaultBits())
    .option(
      '--chunk <ms>',
      "audio the encoder takes at a time, or 'segment' (see info)",
      parseChunk,
    )
    .option(
      '--look-ahead <ms>',
      'the end of each chunk that is heard again beside the next one',
      parseNumberOrZero,
    )
    .option('--second-pass', 'hear a segment that ends again as a whole: more accurate finals')
    .option(
      '--beam <n>',
      'hypotheses kept, 1 to 8 (default: 4 for whole segments, else 1)',
      parseNumber,
    )
    .option('--no-pauses', 'do not end a segment at a pause')
    .option('--max-segment <s>', 'longest segment in seconds (default: the longest)', parseNumber);
}

function readVersion(): string {
  const manifest = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Expected a number above 0.');
  }
  return value;
}

function parseNumberOrZero(text: string): number {
  return text.trim() !== '' && Number(text) === 0 ? 0 : parseNumber(text);
}

function parseChunk(text: string): number | 'segment' {
  return text === 'segment' ? text : parseNumber(text);
}

function parseBits(text: string): number {
  return parseChoice(text, ['2', '4', '8', '32']);
}

function parseChoice(text: string, choices: readonly string[]): number {
  if (choices.includes(text)) return Number(text);
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
}

function parseHeads(text: string): [number, number][] {
  return text.split(',').map((pair) => {
    const match = /^(\d+):(\d+)$/.exec(pair.trim());
    if (!match) throw new InvalidArgumentError('Expected layer:head pairs such as 3:2,4:5.');
    return [Number(match[1]), Number(match[2])];
  });
}

function parseConfidence(text: string): ConfidenceDocument {
  const [scale, bias, least, ...rest] = text.split(',').map((part) => Number(part || Number.NaN));
  const numbers = [scale, bias, ...(least === undefined ? [] : [least])];
  if (rest.length > 0 || !numbers.every(Number.isFinite)) {
    throw new InvalidArgumentError('Expected two or three numbers such as 0.75,-0.1,0.4.');
  }
  return { scale: scale!, bias: bias!, ...(least !== undefined && { least }) };
}
