// Turns bench/results/confidence.json and non-speech.json into docs/confidence.md and its plot.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadPlots } from '../accuracy/plots.mjs';
import { resultPath } from '../accuracy/results.mjs';

const PAGE = fileURLToPath(new URL('../../docs/confidence.md', import.meta.url));
const PLOT = fileURLToPath(new URL('../../bench/results/confidence.svg', import.meta.url));

/** Writes the page from what was recorded; a part that was not measured yet is left out. */
export async function writePage() {
  const words = readResult('confidence');
  const sounds = readResult('non-speech');
  if (words) await drawPlot(words.bins);
  const parts = [INTRODUCTION, words && calibration(words), REJECTION, sounds && silence(sounds)];
  writeFileSync(PAGE, parts.filter(Boolean).join('\n'));
}

function readResult(name) {
  const path = resultPath(name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

async function drawPlot({ before, after }) {
  const { plotReliability } = await loadPlots();
  const values = [
    ...before.map((bin) => ({ when: 'before', ...bin })),
    ...after.map((bin) => ({ when: 'calibrated', ...bin })),
  ];
  await plotReliability(values, PLOT);
}

const INTRODUCTION = `# Confidence and sounds that are no speech

Every word of every event has a \`confidence\` from 0 to 1: how probable it is that the word is right. The
decoder's raw answer is the product of the probabilities of the word's tokens, punctuation left out (with
CTC each in its best frame), at the time when the word became stable; a stable word keeps its confidence.
Two numbers in the model file calibrate it: the log-odds of the confidence are \`scale\` times the raw
log-odds plus \`bias\`. It is the same on every instruction set and however the audio is cut, as the text is.

This page is written by \`npm run confidence\` and \`npm run non-speech\` from
[confidence.json](../bench/results/confidence.json) and [non-speech.json](../bench/results/non-speech.json).
`;

function calibration({ model, words, wrong, error, areaUnderCurve, thresholds, ...rest }) {
  const { scale, bias, least } = rest.calibration;
  const share = (value) => `${(100 * value).toFixed(1)} %`;
  const rows = thresholds.map(
    (row) => `| ${row.threshold} | ${share(row.wrongCaught)} | ${share(row.rightFlagged)} |`,
  );
  return `## Calibration
Of ${model}, on the live words of LibriSpeech dev-clean, 4-speaker subset: ${words.toLocaleString('en-US')} words, ${wrong} of
them wrong (substituted or added; words that are missing have no confidence). Logistic regression gives
scale ${scale}, bias ${bias}.

![Share of right words against confidence](../bench/results/confidence.svg)

| | expected calibration error |
|---|---|
| raw probability | ${error.before.toFixed(4)} |
| calibrated | ${error.after.toFixed(4)} |
| calibrated on the other half of the speakers | ${error.otherSpeakers.toFixed(4)} |

Ten bins of equal width; the error is the distance of their confidence from their share of right words, in
the mean over words. A right word has more confidence than a wrong one in ${share(areaUnderCurve)} of all pairs.

| threshold | wrong words below it | right words below it |
|---|---|---|
${rows.join('\n')}

\`node tools/confidence/run.mjs --write\` puts the numbers into the model file, with the least mean confidence
of a text (${least}, see below): 0.65 of what all but a hundredth of the recordings reach.
`;
}

const REJECTION = `## Sounds that are no speech
Nothing should be said of music, noise or a keyboard. Three things stand before it:

1. The pause detector opens a segment only where bands of sound rise above the noise; steady noise, hum and
   silence become the background within a second.
2. A segment with less than \`minSpeechSeconds\` (0.1) of such sound is dropped without being decoded.
3. What the decoder makes of other sounds is improbable: a segment is reported only once the mean
   confidence of its words reaches \`minConfidence\` (default: the model's \`confidence.least\`, 0 if it gives
   none). Until then its partial results are held back; if it never gets there, it is dropped. What has
   been reported is not taken back.

\`speech-start\` tells of step 2, before anything is decoded, so it may come without words.
`;

function silence({ model, minutes, minConfidence, kinds, speech, words, ...other }) {
  const rows = kinds.map(({ name, seconds, ...heard }) => {
    const cells = [heard.withoutRule, heard.words, heard.secondPass, heard.wholeSegments];
    return `| ${[name, seconds, ...cells].join(' | ')} |`;
  });
  return `Measured with ${model} and \`minConfidence\` ${minConfidence} in one live session over ${minutes} minutes of such sounds,
made by a seeded generator at -20 to -50 dBFS (\`tools/non-speech/sounds.mjs\`), and room tone cut from pauses
of the dev recordings: **${words} words** came (the goal is fewer than five); with \`secondPass\`
${other.secondPass}, and from whole segments, as \`transcribe\` hears files, ${other.wholeSegments}.

| sound | seconds | live, without the rule | live | second pass | whole segments |
|---|---|---|---|---|---|
${rows.join('\n')}

The same rule on true speech (${speech.recordings} dev recordings, live): ${speech.rejectedWords} of ${speech.words} words were dropped; WER is
${speech.wer} % with the rule and ${speech.werWithout} % without it.
`;
}
