// docs/streaming.md, from the figures.
import { PIECE_SECONDS, ROOM_SECONDS } from './live.mjs';

// At the default chunk: seconds (p90) and per cent.
export const GOALS = { firstPartial: 1, stable: 2, changedPercent: 15 };

export function streamingPage(result) {
  const { model, recordings, recordingsInAll, minutes, rows } = result;
  const all = recordings === recordingsInAll;
  return `# Streaming

How long after a word was spoken a live session shows it, and how long until it will not change any more.
Made by \`npm run streaming\`: ${all ? 'all' : `**only ${recordings} of the`} ${recordingsInAll} recordings${all ? '' : '**, evenly spread,'} of the LibriSpeech dev-clean,
4-speaker subset (${minutes} minutes), ${model}, default options but for the chunk; ${result.cpu},
${result.cores} cores (one-minute load ${result.load.join(' before, ')} after), ${atATime(result.jobs)}.

| chunk | first partial, p50 | p90 | stable, p50 | p90 | partial words changed | respelled | WER |
|---|---|---|---|---|---|---|---|
${rows.map(delayLine).join('\n')}

![Share of words shown, and stable, so long after their end](../bench/results/streaming.svg)

${goals(result)}

| chunk | computing of an event, p50 | p90 | computing for a second of speech | without partials |
|---|---|---|---|---|
${rows.map(costLine).join('\n')}

| chunk, with \`secondPass\` | WER | instead of | computing of a final, p50 | p90 | instead of, p90 | computing for a second of speech | instead of |
|---|---|---|---|---|---|---|---|
${rows.map(secondPassLine).join('\n')}

| chunk, with \`lookAheadMs: 0\` | first partial, p90 | instead of | stable, p90 | instead of | partial words changed | instead of | WER | instead of | computing for a second of speech | instead of |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.map(onceLine).join('\n')}

## What is measured
- A recording is written in pieces of ${PIECE_SECONDS * 1000} ms, each after the one before is done, and then ${ROOM_SECONDS} s of faint
  noise: a stream goes on, and the last words, too, become stable by a pause and not by the end of input.
- **Delays** are in audio: what the session had been given when it said something, less the end of the
  word. No faster CPU removes them, and no slower one adds to them. A listener waits besides for the
  computing of that event, in the second table.
- **A word's end** is not taken from the live session but from the same model's text and word times with
  the whole recording heard at once (\`chunkMs: 'segment'\`, no pauses). The two texts are aligned word by
  word, without case and punctuation; words that are not in both have no delay (${comparedRange(rows)} of the final
  words have one).
- **First partial**: the first event in which the word stands at the place of the text where it stands
  in the end. **Stable**: the first in which it is also said to be stable. Both may be final events.
- **Partial words changed**: of all words shown that were not stable yet, counted once for every event
  that showed them, those that in the end were another word, or none, at their place. **Respelled**: the
  same, a change of case or punctuation counted as well. Of the words said to be stable
  ${sumOf(rows, 'stableWordsChanged')} changed.
- **Computing of an event**: from the write of the piece that led to it until it could be read.
  **Computing for a second of speech**: the engine's own time, by the length of the recordings. Both are
  by the clock: on a busy machine they are longer. **Without partials** (\`partials: false\`) a segment is
  decoded once, at its end, with four hypotheses instead of one.
- **WER** is of the same live sessions; [accuracy](accuracy.md) has more of them.
- **\`lookAheadMs: 0\`**: the encoder hears each frame once. By default the last ${result.defaultLookAheadMs} ms of a chunk are
  heard again beside the next one: words are shown as soon, and what follows them corrects them.
- **\`secondPass\`**: partial texts are the same, so their delays are too; when a segment ends it is heard
  again as a whole, which makes its final later by what that computes and more often right.
`;
}

const seconds = (value) => `${value.toFixed(2)} s`;
const percent = (value) => `${value.toFixed(1)} %`;
const chunk = ({ chunkMs }) => `${chunkMs} ms`;
const show = (cells) => `| ${cells.join(' | ')} |`;

function delayLine(row) {
  const { firstPartial, stable } = row;
  return show([
    chunk(row),
    ...[firstPartial.p50, firstPartial.p90, stable.p50, stable.p90].map(seconds),
    ...[row.changedPercent, row.respelledPercent, row.wer].map(percent),
  ]);
}

function costLine(row) {
  const { eventMilliseconds, millisecondsPerSecond: all } = row;
  const without = row.millisecondsPerSecondWithoutPartials;
  return show([
    chunk(row),
    `${eventMilliseconds.p50} ms`,
    `${eventMilliseconds.p90} ms`,
    `${all.toFixed(1)} ms`,
    `${without.toFixed(1)} ms`,
  ]);
}

function secondPassLine(row) {
  const { secondPass: twice } = row;
  return show([
    chunk(row),
    percent(twice.wer),
    percent(row.wer),
    `${twice.finalMilliseconds.p50} ms`,
    `${twice.finalMilliseconds.p90} ms`,
    `${row.finalMilliseconds.p90} ms`,
    `${twice.millisecondsPerSecond.toFixed(1)} ms`,
    `${row.millisecondsPerSecond.toFixed(1)} ms`,
  ]);
}

function onceLine(row) {
  const { once } = row;
  const pair = (format, value) => [once, row].map((one) => format(value(one)));
  return show([
    chunk(row),
    ...pair(seconds, ({ firstPartial }) => firstPartial.p90),
    ...pair(seconds, ({ stable }) => stable.p90),
    ...pair(percent, ({ changedPercent }) => changedPercent),
    ...pair(percent, ({ wer }) => wer),
    ...pair(
      (value) => `${value.toFixed(1)} ms`,
      (one) => one.millisecondsPerSecond,
    ),
  ]);
}

function goals({ rows, defaultChunkMs }) {
  const row = rows.find(({ chunkMs }) => chunkMs === defaultChunkMs);
  const met = (value, goal) => (value <= goal ? 'met' : '**missed**');
  const delay = (name) =>
    `${GOALS[name].toFixed(1)} s (${seconds(row[name].p90)}: ${met(row[name].p90, GOALS[name])})`;
  return `Goals at ${chunk(row)}: first partial within ${delay('firstPartial')} and stable within ${delay('stable')}
for nine words of ten; at most ${GOALS.changedPercent} % of partial words changed (${percent(row.changedPercent)}: ${met(row.changedPercent, GOALS.changedPercent)}).`;
}

function comparedRange(rows) {
  const shares = rows.map(({ compared, words }) => Math.round((100 * compared) / words));
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  return low === high ? `${low} %` : `${low} to ${high} %`;
}

function sumOf(rows, name) {
  const sum = rows.reduce((total, row) => total + row[name], 0);
  return sum === 0 ? 'none' : sum;
}

function atATime(jobs) {
  return jobs === 1 ? 'one recording at a time' : `${jobs} recordings at a time`;
}
