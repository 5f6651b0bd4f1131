// `parrotlet info`: what a model is, how large, and what its makers say of it.
import { widthName } from '../import/import-report.js';
import { loadModel } from '../load-model.js';
import type { ModelInfo } from '../model-info.js';
import { loadOptions, type ModelFlags } from './recognition.js';
import { printable, type Terminal } from './terminal.js';

/** Describes the model; returns the exit code. */
export async function showInfo(
  model: string,
  flags: ModelFlags & { readonly json?: boolean },
  { stdout, signal }: Terminal,
): Promise<number> {
  const loaded = await loadModel(model, loadOptions(flags, signal));
  const { info } = loaded;
  loaded.close();
  stdout.write(flags.json ? `${JSON.stringify(info, null, 2)}\n` : formatInfo(info));
  return 0;
}

// What the importer writes into a card and the engine counts itself.
const SHOWN_ALREADY = [
  'parameters',
  'parametersByBits',
  'parametersByScheme',
  'parametersByActivationBits',
];

/** The model's facts for people, several lines. */
export function formatInfo(info: ModelInfo): string {
  const bits = Object.entries(info.bits).map(
    ([width, count]) => `${formatCount(count)} in ${widthName(width)}`,
  );
  const chunks =
    info.chunkMs.length > 0 ? `${info.chunkMs.map(Math.round).join(', ')} ms` : 'none to choose';
  const lines: [string, string][] = [
    ['name', info.name],
    ['output', info.output === 'ctc' ? 'CTC' : 'attention decoder'],
    ['parameters', `${formatCount(info.parameters)} (${bits.join(', ')})`],
    ...countsOf(info.card, 'parametersByScheme', 'schemes'),
    ...countsOf(info.card, 'parametersByActivationBits', 'activations', ' bits'),
    ['file', formatBytes(info.fileBytes)],
    ['in memory', `${formatBytes(info.weightBytes)}, packed for ${info.target}`],
    ['sample rate', `${info.sampleRate} Hz`],
    ['longest segment', `${info.maxSegmentSeconds} s`],
    ['chunks', chunks],
    ...lookAheadOf(info),
    ['delay', `${Math.round(info.algorithmicDelayMs)} ms with the default chunk`],
    ['format version', String(info.version)],
    ...Object.entries(info.card)
      .filter(([key]) => !SHOWN_ALREADY.includes(key))
      .map(([key, value]): [string, string] => [printable(key), formatValue(value)]),
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${printable(text)}\n`).join('');
}

// A line where the end of a chunk is heard again beside the next one.
function lookAheadOf({ defaultLookAheadMs }: ModelInfo): [string, string][] {
  return defaultLookAheadMs > 0 ? [['look-ahead', `${Math.round(defaultLookAheadMs)} ms`]] : [];
}

// A line of what the card counts; none where it counts nothing.
function countsOf(
  card: ModelInfo['card'],
  key: string,
  label: string,
  unit = '',
): [string, string][] {
  const counts = Object.entries((card[key] ?? {}) as Record<string, unknown>);
  const texts = counts.map(([name, count]) => `${formatCount(Number(count))} in ${name}${unit}`);
  return counts.length === 0 ? [] : [[label, texts.join(', ')]];
}

function formatValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(formatValue).join(', ');
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${formatValue(inner)}`)
    .join(', ');
}

function formatCount(count: number): string {
  return count >= 1e5 ? `${(count / 1e6).toFixed(2)} M` : String(count);
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
