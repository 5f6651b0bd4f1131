// How loud audio is, in decibels below full scale, and how that is shown.

/** Of a piece of audio, in dBFS: 0 is the loudest, silence is -Infinity. */
export interface Level {
  readonly peak: number;
  /** Root of the mean square; 0 for a square wave at full scale. */
  readonly rms: number;
}

// What the bar shows, in dBFS: less is noise, and speech peaks between -30 and -6.
const BAR_FLOOR = -60;
const BAR_CELLS = 20;

/** The level of samples in [-1, 1], all channels together. */
export function measureLevel(samples: Float32Array): Level {
  let peak = 0;
  let squares = 0;
  for (const sample of samples) {
    peak = Math.max(peak, Math.abs(sample));
    squares += sample * sample;
  }
  return { peak: decibels(peak), rms: decibels(Math.sqrt(squares / Math.max(1, samples.length))) };
}

function decibels(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}

/** Time heard and level in less than `columns` cells; what does not fit is left out. */
export function formatStatus(seconds: number, level: Level, columns: number): string {
  const clock = formatClock(seconds);
  const numbers = `peak ${formatDecibels(level.peak)} rms ${formatDecibels(level.rms)} dBFS`;
  const choices = [
    `${clock} ${formatBar(level)} ${numbers}`,
    `${clock} ${formatBar(level)}`,
    clock,
  ];
  return choices.find((text) => text.length < columns) ?? '';
}

/** `=` up to the mean level, `-` from there to the peak. */
function formatBar({ peak, rms }: Level): string {
  const mean = '='.repeat(cells(rms));
  return `[${mean.padEnd(cells(peak), '-').padEnd(BAR_CELLS)}]`;
}

function cells(dBFS: number): number {
  const share = 1 - dBFS / BAR_FLOOR;
  return Math.round(BAR_CELLS * Math.min(1, Math.max(0, share)));
}

function formatDecibels(dBFS: number): string {
  return (dBFS === -Infinity ? '-inf' : dBFS.toFixed(1)).padStart(5);
}

/** "1:02.3", or "1:00:02.3" from an hour on. */
export function formatClock(seconds: number): string {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}
