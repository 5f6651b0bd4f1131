// How transcripts are written: as text, or as one JSON object a line.
import type { FinalEvent, Transcript, TranscriptEvent, Word } from '../events/types.js';
import { printable } from './terminal.js';

/** One line a segment; `file` stands in front where several files are transcribed. */
export function formatText(transcript: Transcript, file: string | undefined): string {
  const prefix = file === undefined ? '' : `${file}: `;
  const lines = transcript.segments.map(({ text }) => `${prefix}${printable(text)}\n`);
  return lines.length > 0 || file === undefined ? lines.join('') : `${prefix}\n`;
}

/** The line that `--json` writes for a file. Times are seconds from its start. */
export function formatJson(transcript: Transcript, file: string): string {
  const { text, words, segments, durationSeconds, processingSeconds } = transcript;
  return `${JSON.stringify({
    file,
    text,
    words: words.map((word) => ({ ...withTimes(word), confidence: rounded(word.confidence) })),
    segments: segments.map((segment) => ({ ...withTimes(segment), reason: segment.reason })),
    durationSeconds: rounded(durationSeconds),
    processingSeconds: rounded(processingSeconds),
  })}\n`;
}

/** The line that `--json` writes for an event: its fields, and the file it comes from, if any. */
export function formatEvent(event: TranscriptEvent, file: string | undefined): string {
  const round = (_: string, value: unknown) => (typeof value === 'number' ? rounded(value) : value);
  return `${JSON.stringify({ ...(file !== undefined && { file }), ...event }, round)}\n`;
}

function withTimes({ text, start, end }: Word | FinalEvent) {
  return { text, start: rounded(start), end: rounded(end) };
}

/** To the thousandth: what times and confidences are good for. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** "12.4 s of audio in 0.6 s: real-time factor 0.048". */
export function formatSpeed(audioSeconds: number, processingSeconds: number): string {
  const factor = audioSeconds > 0 ? processingSeconds / audioSeconds : 0;
  return (
    `${audioSeconds.toFixed(1)} s of audio in ${processingSeconds.toFixed(1)} s: ` +
    `real-time factor ${factor.toFixed(3)}`
  );
}
