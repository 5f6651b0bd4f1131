// The report as a picture: a bar for every matrix's signal to quantization noise, and as a page.
import {
  type QuantizationReport,
  quantizedOnly,
  summaryOf,
  TABLE_HEAD,
  tableOf,
} from './quantization-report.js';

const ROW = 16; // pixels
const LABEL = 300;
const BARS = 480;
const TOP = 44;

/** Colours of bars by bits, apart for colour-blind eyes too. */
const COLOURS: Readonly<Record<number, string>> = { 2: '#d55e00', 4: '#0072b2', 8: '#009e73' };

/** An SVG picture with a bar for each quantized matrix, in the order of the file. */
export function plotSvg(report: QuantizationReport): string {
  const matrices = quantizedOnly(report);
  const finite = matrices.map(({ sqnrDb }) => sqnrDb).filter(Number.isFinite);
  const most = Math.max(10, Math.ceil(Math.max(0, ...finite) / 10) * 10);
  const height = TOP + ROW * matrices.length + 8;
  const rows = matrices.map(({ name, bits, sqnrDb }, i) => {
    const share = Math.max(0, Math.min(1, sqnrDb / most));
    const y = TOP + ROW * i;
    const value = Number.isFinite(sqnrDb) ? sqnrDb.toFixed(1) : 'exact';
    return (
      text(LABEL - 6, y + 11, 'end', name) +
      `<rect x="${LABEL}" y="${y + 2}" width="${(share * BARS).toFixed(1)}" height="${ROW - 4}" ` +
      `fill="${COLOURS[bits]}"><title>${escaped(name)}: ${bits} bits, ${value} dB</title></rect>` +
      text(LABEL + share * BARS + 4, y + 11, 'start', value)
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABEL + BARS + 60}" height="${height}" ` +
      'font-family="sans-serif" font-size="11">',
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(8, 16, 'start', `${report.name}: signal to quantization noise, dB (${report.method})`),
    ...legend(new Set(matrices.map(({ bits }) => bits))),
    ...ticks(most, height),
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

/** A page with summary, picture and table; it needs no other file. */
export function reportPage(report: QuantizationReport): string {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return [
    '<!doctype html>',
    `<html lang="en"><meta charset="utf-8"><title>${escaped(report.name)}: quantization</title>`,
    '<style>body{font-family:sans-serif}td,th{padding:2px 10px;text-align:right}' +
      'td:first-child,th:first-child{text-align:left}</style>',
    `<h1>${escaped(report.name)}</h1>`,
    ...summaryOf(report).map((line) => `<p>${escaped(line)}</p>`),
    plotSvg(report),
    '<table>',
    row(TABLE_HEAD, 'th'),
    ...tableOf(report).map((cells) => row(cells, 'td')),
    '</table></html>',
    '',
  ].join('\n');
}

function legend(widths: ReadonlySet<number>): string[] {
  return [...widths]
    .sort((a, b) => a - b)
    .map((bits, i) => {
      const x = LABEL + 80 * i;
      return `<rect x="${x}" y="22" width="10" height="10" fill="${COLOURS[bits]}"/>${text(x + 14, 31, 'start', `${bits} bits`)}`;
    });
}

function ticks(most: number, height: number): string[] {
  return Array.from({ length: most / 10 + 1 }, (_, i) => {
    const x = LABEL + (BARS * 10 * i) / most;
    return (
      `<line x1="${x}" y1="${TOP}" x2="${x}" y2="${height - 8}" stroke="#ddd"/>` +
      text(x, TOP - 3, 'middle', String(10 * i))
    );
  });
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', content: string): string {
  const at = `x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}"`;
  return `<text ${at}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content
    .replace(/\p{Cc}/gu, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
