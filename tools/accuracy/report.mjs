// Turns bench/results/accuracy.json into docs/accuracy.md.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SUBSETS } from './corpus.mjs';
import { readResult } from './results.mjs';
import { readRows } from './rows.mjs';

const PAGE = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url));
const LONG_GOAL = 0.5; // absolute
/** Word error rates that the default model is to keep below, in %, at 648 ms. */
const GOALS = { model: 'parrotlet-tiny-en-int4', chunkMs: 648, dev: 7, 'test-other': 14 };
const INTRODUCTION = `# Accuracy

Word error rates of the models, as \`npm run accuracy\` measures them through the public
interface. This page is written by \`node tools/accuracy/run.mjs --report-only\` from
[bench/results/accuracy.json](../bench/results/accuracy.json).

- **whole**: every recording is one segment and its text is taken at the end, greedy search; in chunks, the end of each
  is heard again beside the next (\`lookAheadMs\`, 648 ms by default). **once**: without that, the encoder
  hears each frame once (\`lookAheadMs: 0\`). **file**: the defaults of
  \`transcribe\`: pauses end segments, and the encoder hears each as a whole. **live**: the defaults of a
  session: partial results too, greedy search, and what they called stable is kept even where hearing the
  rest would have changed it. **two-pass**: the same with \`secondPass\`: a segment that ends is heard again as
  a whole. The last text of file and two-pass is the best of four hypotheses.
- Brackets: 95 % interval, by drawing utterances again 2,000 times. An utterance counts at most two errors
  for every word of its reference, so that one endless loop does not decide the rate; "uncapped" has all.
- Size: the file, and how many times smaller it is than its parameters in float32.
- **parrotlet-tiny-en** is the default model: **int4**, **int8** and **int2** come with the package, **float32** is
  the checkpoint that int8 was rounded from, and int4 and int2 were trained on from (see
  [its card](../models/README.md) and [low-bit weights](low-bit.md)).
- **moonshine-tiny-offline**: Moonshine tiny as its makers trained it, imported; the offline model that the
  default is measured against. **moonshine-tiny-streaming**: the trial that the default started from,
  rounded after training; its **int4** keeps the sensitive matrices in 8 bits, **int4-all** has every matrix
  in 4. Here two bits were rounded without training in them: they are of no use.
- **whisper-base-offline-int8** stands beside them as a judge that none of our training has touched:
  OpenAI's Whisper base in faster-whisper, greedy (\`tools/accuracy/whisper.py\`). Its file holds float16;
  CTranslate2 rounds the matrices to int8 when it loads them.
- Speed is measured apart: see [benchmarks](benchmarks.md).
`;

const METHOD = `## How texts are compared

Both texts are brought to one spelling by \`tools/accuracy/normalize-english.mjs\`, in the spirit of Whisper's
English normalizer: lower case; no punctuation and no accents; text in brackets and hesitations (um, hmm)
left out; contractions written out (won't: will not; it's: it is); titles too (mr: mister); spelled-out
numbers as digits (nineteen eighty four: 1984). British and American spellings stay apart, so colour for
color is an error. On all 5,849 transcripts of the manifest it gives what the normalizer of
the Python package transformers gives (without its spelling table); on 28,537 further ones
it differs in 29, all of them slips of that normalizer (the ninth, "point and").
\`test/tools/wer.test.ts\` holds it to that, and the count of errors to jiwer and to NIST's sclite.

The recordings are not part of this repository: LibriSpeech (V. Panayotov et al., 2015) and speechocean762
(J. Zhang et al., 2021), both CC BY 4.0, re-encoded; some as mp3 at 24 kb/s, which ends at about 6 kHz.
The names above say which part was used: no figure here is one of the whole corpus.
`;

// How rows stand in a table: by model, width, mode and chunk.
const FAMILIES = ['parrotlet-tiny-en', 'moonshine-tiny-offline', 'moonshine-tiny-streaming', ''];
const WIDTHS = ['float32', 'int8', 'int4', 'int4-all', 'int2', ''];
const MODES = ['whole', 'once', 'file', 'live', 'two-pass'];

/** Writes docs/accuracy.md. */
export function writeReport() {
  const rows = readRows().sort(byPlace);
  const tables = Object.entries(SUBSETS)
    .map(([name, about]) => [about, rows.filter(({ subset }) => subset === name)])
    .filter(([, found]) => found.length > 0)
    .map(([about, found]) => section(about, found));
  writeFileSync(PAGE, [INTRODUCTION, goals(rows), ...tables, streams(), METHOD].join('\n'));
}

/** Whether the default model keeps its goals, in both ways of listening live. */
function goals(rows) {
  const subsets = Object.keys(SUBSETS).filter((name) => name in GOALS);
  const lines = ['live', 'two-pass'].map((mode) => {
    const cells = subsets.map((subset) => {
      const row = rows.find(
        ({ model, chunkMs, ...row }) =>
          model === GOALS.model &&
          chunkMs === GOALS.chunkMs &&
          row.mode === mode &&
          row.subset === subset,
      );
      if (!row) return '';
      return `${row.wer.toFixed(1)} %: ${row.wer <= GOALS[subset] ? 'met' : '**missed**'}`;
    });
    return `| ${[mode, ...cells].join(' | ')} |`;
  });
  const heads = subsets.map((name) => `${name}: at most ${GOALS[name]} %`);
  return `## Goals
Of the default model, 4 bits, at ${GOALS.chunkMs} ms. What was tried for them, and what it gave:
[the model's card](../models/README.md#what-was-tried) and [choices of training](training-choices.md).

| mode | ${heads.join(' | ')} |
|${'---|'.repeat(heads.length + 1)}
${lines.join('\n')}
`;
}

/** What the two tools about long streams and cuts recorded last, where they did. */
function streams() {
  const long = readResult('long-file');
  const cuts = readResult('cuts');
  const lines = [
    long && longFile(long),
    cuts &&
      `${cuts.cuts} random cuts of ${cuts.utterances} dev utterances (\`node tools/accuracy/chunk-invariance.mjs\`,
${cuts.model}): ${cuts.differ} differ from the uncut recording in the bits of the encoder's output or in the
final text.`,
  ].filter(Boolean);
  return lines.length === 0 ? '' : `## Long streams and cuts\n${lines.join('\n\n')}\n`;
}

function longFile({ utterances, different, werOneSession, werApart, ...long }) {
  const again =
    different < utterances
      ? `, ${different} of them different: they come\nagain shuffled and with other gaps`
      : '';
  return `One live session over ${long.minutes} minutes of joined dev utterances, 0.3 to 1 s of room noise between them
(\`npm run accuracy:long\`, ${long.model}; ${utterances} utterances${again}): WER
${werOneSession} %, against ${werApart} % for the same utterances apart; the goal, at most ${LONG_GOAL} % more, is ${werOneSession <= werApart + LONG_GOAL ? 'met' : '**missed**'}.
With \`secondPass\`: ${long.secondPass.werOneSession} %, against ${long.secondPass.werApart} %.
${long.segments} segments; memory grew by ${long.megabytesPerHour} MB for an hour of audio.`;
}

function section({ title, note }, rows) {
  const { utterances, words } = rows[0];
  return `## ${title}
${utterances} utterances, ${words.toLocaleString('en-US')} words; ${note}.

| model | bits | group | mode | chunk | file | smaller | WER | uncapped |
|---|---|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}
`;
}

function byPlace(a, b) {
  const [left, right] = [a, b].map(({ model, mode, chunkMs }) => [
    FAMILIES.findIndex((family) => model.startsWith(family)),
    WIDTHS.findIndex((width) => model.endsWith(width)),
    MODES.indexOf(mode),
    chunkMs === 'segment' ? Number.MAX_SAFE_INTEGER : chunkMs,
  ]);
  const at = left.findIndex((rank, i) => rank !== right[i]);
  return at < 0 ? 0 : left[at] - right[at];
}

function line(row) {
  const smaller = (4 * row.parameters) / row.fileBytes;
  const cells = [
    row.model,
    widths(row),
    row.groupSize ?? '',
    row.mode,
    row.chunkMs === 'segment' ? 'whole segment' : `${row.chunkMs} ms`,
    `${(row.fileBytes / 1e6).toFixed(1)} MB`,
    `${smaller.toFixed(1)} x`,
    `${row.wer.toFixed(1)} % (${row.low.toFixed(1)} to ${row.high.toFixed(1)})`,
    `${row.uncapped.toFixed(1)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The widths that hold a hundredth of the parameters or more, the widest share first: "4 (68 %), 8 (32 %)". */
function widths({ bits, parameters }) {
  return Object.entries(bits)
    .map(([width, count]) => [width, Math.round((100 * count) / parameters)])
    .filter(([, percent]) => percent >= 1)
    .sort((a, b) => b[1] - a[1])
    .map(([width, percent]) => (percent > 98 ? width : `${width} (${percent} %)`))
    .join(', ');
}
