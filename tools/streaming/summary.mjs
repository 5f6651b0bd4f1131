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
  const computing = (all) => {
    const { p50, p90 } = distribution(
      all.flatMap(({ events }) => events.map(({ milliseconds }) => milliseconds)),
    );
    return { p50, p90 };
  };
  const finals = (all) => all.map(({ events }) => ({ events: events.filter((one) => one.final) }));
  const twice = lines.map((line) => line.twice);
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
    eventMilliseconds: computing(lines), // of computing, from the write to the event
    finalMilliseconds: computing(finals(lines)),
    millisecondsPerSecond: cost('processingSeconds'), // of computing, for a second of speech
    millisecondsPerSecondWithoutPartials: cost('quietSeconds'),
    secondPass: {
      wer: round(
        errorPercent(recordings.map(({ text }, i) => scoreUtterance(text, twice[i].text))),
        2,
      ),
      finalMilliseconds: computing(finals(twice)),
      millisecondsPerSecond: round(
        (1000 * sum(twice, (line) => line.processingSeconds)) / speech,
        1,
      ),
    },
  };
}
