// A progress bar on stderr, where there is somebody to see it.
import cliProgress from 'cli-progress';
import type { Output } from './terminal.js';

/** Shows how much of a known total is done; `stop` takes the bar away. */
export interface Progress {
  update(done: number, total: number | undefined): void;
  stop(): void;
}

/** A bar that appears with the first update whose total is above `least`. */
export function createProgress(out: Output, label: string, unit: string, least: number): Progress {
  if (!out.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar({
    format: `{bar} {percentage} % of {total} ${unit}  ${label.replace(/[{}]/g, '')}`,
    stream: out as unknown as NodeJS.WritableStream,
    clearOnComplete: true,
    hideCursor: true,
  });
  return {
    update(done, total) {
      if (total === undefined || total < least) return;
      if (!bar.isActive) bar.start(Math.round(total), 0);
      bar.update(Math.min(Math.round(done), Math.round(total)));
    },
    stop: () => bar.stop(),
  };
}
