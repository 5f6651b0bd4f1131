// One line on the terminal that says how far a long run is and when it ends.

/** `add(seconds of audio)` after each recording, `end()` at the end. */
export function startProgress(totalSeconds) {
  const start = performance.now();
  let done = 0;
  let shown = 0;
  const show = () => {
    const elapsed = (performance.now() - start) / 1000;
    const left = (elapsed / done) * (totalSeconds - done);
    const percent = ((100 * done) / totalSeconds).toFixed(1);
    process.stderr.write(
      `\r${percent} %, about ${Math.ceil(left / 60)} min left, ${(done / elapsed).toFixed(0)} x real time   `,
    );
  };
  return {
    add(seconds) {
      done += seconds;
      if (performance.now() - shown < 500) return;
      shown = performance.now();
      show();
    },
    end() {
      if (done > 0) process.stderr.write('\n');
    },
  };
}
