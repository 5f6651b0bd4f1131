// The figures of one chunk, from what live sessions said of all recordings.
import { round } from '../accuracy/results.mjs';
import { errorPercent, scoreUtterance } from '../accuracy/wer.mjs';
import { delaysOf, distribution, followWords } from './delays.mjs';

/**
 * `aligned` and `heard` are the lines of the two passes, by path of the recording; of a heard one, `twice`
 * is the play with a second pass and `once` the one without look-ahead.
 */
export function summarize(recordings, aligned, heard) {
  const lines = recordings.map(({ path }) => heard.get(path));
  const speech = recordings.reduce((total, { seconds }) => total + seconds, 0);
  const cost = (all, name) =>
    round((1000 * all.reduce((total, line) => total + line[name], 0)) / speech, 1);
  const twice = lines.map((line) => line.twice);
  const once = lines.map((line) => line.once);
  return {
    ...words(recordings, aligned, lines),
    eventMilliseconds: computing(lines), // of computing, from the write to the event
    finalMilliseconds: computing(finals(lines)),
    millisecondsPerSecond: cost(lines, 'processingSeconds'), // of computing, for a second of speech
    millisecondsPerSecondWithoutPartials: cost(lines, 'quietSeconds'),
    secondPass: {
      wer: errorRate(recordings, twice),
      finalMilliseconds: computing(finals(twice)),
      millisecondsPerSecond: cost(twice, 'processingSeconds'),
    },
    once: {
      ...words(recordings, aligned, once),
      millisecondsPerSecond: cost(once, 'processingSeconds'),
    },
  };
}

/** The words' delays and changes. */
function words(recordings, aligned, lines) {
  const followed = lines.map(({ events }) => followWords(events));
  const delays = followed.flatMap(({ words }, i) =>
    delaysOf(words, aligned.get(recordings[i].path).words),
  );
  const count = (name) => followed.reduce((total, one) => total + one[name], 0);
  return {
    wer: errorRate(recordings, lines),
    words: followed.reduce((total, one) => total + one.words.length, 0),
    compared: delays.length,
    firstPartial: distribution(delays.map(({ first }) => first)),
    stable: distribution(delays.map(({ stable }) => stable)),
    partialWords: count('shown'),
    changedPercent: round((100 * count('changed')) / count('shown'), 1),
    respelledPercent: round((100 * count('respelled')) / count('shown'), 1),
    stableWordsChanged: count('broken'),
  };
}

const computing = (all) => {
  const { p50, p90 } = distribution(
    all.flatMap(({ events }) => events.map(({ milliseconds }) => milliseconds)),
  );
  return { p50, p90 };
};

const finals = (all) => all.map(({ events }) => ({ events: events.filter((one) => one.final) }));

const errorRate = (recordings, lines) =>
  round(errorPercent(recordings.map(({ text }, i) => scoreUtterance(text, lines[i].text))), 2);
