// The figures of one chunk, from what live sessions said of all recordings.
import { round } from '../accuracy/results.mjs';
import { errorPercent, scoreUtterance } from '../accuracy/wer.mjs';
import { delaysOf, distribution, followWords } from './delays.mjs';

/** `aligned` and `heard` are the lines of the two passes, by path of the recording. */
export function summarize(recordings, aligned, heard) {
  const lines = recordings.map(({ path }) => heard.get(path));
  const followed = lines.map(({ events }) => followWords(events));
  const delays = followed.flatMap(({ words }, i) =>
    delaysOf(words, aligned.get(recordings[i].path).words),
  );
  const scores = recordings.map(({ text }, i) => scoreUtterance(text, lines[i].text));
  const sum = (list, value) => list.reduce((total, one) => total + value(one), 0);
  const count = (name) => sum(followed, (one) => one[name]);
  const speech = sum(recordings, ({ seconds }) => seconds);
  const cost = (name) => round((1000 * sum(lines, (line) => line[name])) / speech, 1);
  const { p50, p90 } = distribution(
    lines.flatMap(({ events }) => events.map(({ milliseconds }) => milliseconds)),
  );
  return {
    wer: round(errorPercent(scores), 2),
    words: sum(followed, ({ words }) => words.length),
    compared: delays.length,
    firstPartial: distribution(delays.map(({ first }) => first)),
    stable: distribution(delays.map(({ stable }) => stable)),
    partialWords: count('shown'),
    changedPercent: round((100 * count('changed')) / count('shown'), 1),
    respelledPercent: round((100 * count('respelled')) / count('shown'), 1),
    stableWordsChanged: count('broken'),
    eventMilliseconds: { p50, p90 }, // of computing, from the write to the event
    millisecondsPerSecond: cost('processingSeconds'), // of computing, for a second of speech
    millisecondsPerSecondWithoutPartials: cost('quietSeconds'),
  };
}
