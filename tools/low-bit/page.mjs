// docs/low-bit.md, from the results.
import { SUBSETS } from '../accuracy/corpus.mjs';
import { bestRounded, CHOICE, claimsOf, GOALS, verdictOf } from './claims.mjs';
import { BASELINE, CALIBRATION, describe, planName, SCHEMES } from './configurations.mjs';

/** The page; `rows` as of `studyRows`, `plot` the path of the picture from the page. */
export function lowBitPage({ rows, sets, plot }) {
  const baseline = rows.find(({ id }) => id === BASELINE);
  if (!baseline) throw new Error('float32 was not measured, and all else is measured against it.');
  const claims = claimsOf(rows, Object.keys(SUBSETS));
  const shown = [
    ...new Set([
      baseline,
      ...claims.map(({ row }) => row),
      bestRounded(rows, 4),
      bestRounded(rows, 2),
    ]),
  ].filter((row) => row !== undefined);
  return [
    introduction(baseline),
    claimSection(rows, claims),
    `![Word error rate against the size of the file](${plot})\n`,
    ...sets.map((one) => setSection(one, rows)),
    schemeSection(rows),
    partSection(rows),
    byteSection(shown),
    attentionSection(baseline.model.attention),
    METHOD,
  ]
    .filter(Boolean)
    .join('\n');
}

const percent = (value, digits = 1) => `${value.toFixed(digits)} %`;
const signed = (value, digits = 1) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(digits)}`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const show = (cells) => `| ${cells.join(' | ')} |`;
const range = ({ low, high }, digits = 1) => `${low.toFixed(digits)} to ${high.toFixed(digits)}`;
const werCell = ({ wer, ...interval }) => `${percent(wer)} (${range(interval)})`;
const title = (row) =>
  `${weightsOf(row)}, ${row.trained ? 'trained' : 'rounded'}: ${describe(row)}`;

/** Bits of weights and activations, such as W4A8. */
function weightsOf({ weights, how }) {
  return weights === 32 ? 'float32' : `W${weights}A${how.activations ?? 8}`;
}

function table(head, lines) {
  return [show(head), `|${'---|'.repeat(head.length)}`, ...lines.map(show)].join('\n');
}

function introduction({ model }) {
  return `# Low-bit weights

What word error rate (WER) and size the model has in 8, 4 and 2 bits, rounded after training and trained with
its integers, against float32 (${model.name}, ${megabytes(model.fileBytes)}). This page is written by
\`npm run low-bit -- --report-only\` from [low-bit.json](../bench/results/low-bit.json), which \`npm run low-bit\`
makes: it holds the errors of every utterance.
`;
}

function claimSection(rows, claims) {
  const [int4, int2] = claims;
  const parts = [
    claimText(
      `4 bits with training lose nothing at ${GOALS.int4Smaller} times smaller than float32`,
      int4,
    ),
    claimText(
      `2 bits with training lose nothing at ${GOALS.int2SmallerPercent} % smaller than those 4 bits`,
      int2,
      int4.row,
    ),
    ...[4, 2].map((weights) => {
      const row = bestRounded(rows, weights);
      return (
        row && `- The best of ${weights} bits without training, by ${CHOICE}: ${evidence(row)}`
      );
    }),
  ];
  return `## What the figures say
${parts.filter(Boolean).join('\n')}
`;
}

function claimText(text, { holds, reason, row }, larger) {
  const word = { true: 'holds', false: 'does not hold', undefined: 'is open' }[holds];
  const line = `- ${text}: **${word}**; ${reason}.`;
  return row ? `${line} ${evidence(row, larger)}` : line;
}

/** One entry with its figures on every set; its size also against that of `larger`. */
function evidence(row, larger) {
  const { fileBytes } = row.model;
  const sizes = [megabytes(fileBytes), `${row.smaller.toFixed(1)} times smaller than float32`];
  if (larger) {
    const less = 100 * (1 - fileBytes / larger.model.fileBytes);
    sizes.push(`${percent(Math.abs(less))} ${less < 0 ? 'larger' : 'smaller'} than those 4 bits`);
  }
  const sets = Object.entries(row.results).map(([set, { wer, change }]) => {
    const { difference, relative } = change;
    return (
      `  - ${set}: ${percent(wer)}, ${signed(difference.value)} points (${range(difference)}), ` +
      `${signed(relative.value)} %: ${verdictOf(change)}`
    );
  });
  return [`${title(row)} (\`${row.id}\`), ${sizes.join(', ')}.`, ...sets].join('\n');
}

function setSection({ set, words }, rows) {
  const { title: name, note } = SUBSETS[set];
  const found = rows.filter((row) => set in row.results && !row.part);
  if (found.length === 0) return '';
  const count = words.reduce((sum, value) => sum + value, 0).toLocaleString('en-US');
  const lines = found.map((row) => {
    const { change, ...result } = row.results[set];
    const cells = [weightsOf(row), row.trained ? 'trained' : 'rounded', describe(row)];
    if (row.id === BASELINE) cells.splice(1, 2, '', '');
    const against = [
      `${signed(change.difference.value)} (${range(change.difference)})`,
      `${signed(change.relative.value)} % (${range(change.relative)})`,
      verdictOf(change),
    ];
    return [
      ...cells,
      megabytes(row.model.fileBytes),
      `${row.smaller.toFixed(1)} x`,
      werCell(result),
      ...(row.id === BASELINE ? ['', '', ''] : against),
    ];
  });
  const head = [
    'weights',
    'made',
    'how',
    'file',
    'smaller',
    'WER',
    'points',
    'relative',
    'verdict',
  ];
  return `## ${name}
${words.length} utterances, ${count} words; ${note}.

${table(head, lines)}
`;
}

const fitted = (count) => (row) => row.how.method === 'gptq-fit' && row.how.calibrate === count;

/** Two bits: schemes by groups and clips. */
function schemeSection(rows) {
  const tables = [
    ['Rounded', (row) => row.how.method === 'round'],
    ['Half-quadratic', (row) => row.how.method === 'hqq'],
    ['Error feedback', (row) => row.how.method === 'gptq'],
    ['Moved codes, fitted scales', fitted(CALIBRATION.few)],
    [`On ${CALIBRATION.many} recordings`, fitted(CALIBRATION.many)],
    ['Trained', (row) => row.trained],
  ].map(([name, holds]) => {
    const two = rows.filter((row) => row.weights === 2 && !row.part && row.how.activations === 8);
    return schemeTable(
      name,
      two.filter((row) => holds(row) && CHOICE in row.results),
    );
  });
  if (tables.every((text) => text === '')) return '';
  return `## Two bits, scheme by scheme
WER on ${SUBSETS[CHOICE].title}.

${tables.filter(Boolean).join('\n')}`;
}

function schemeTable(name, rows) {
  if (rows.length === 0) return '';
  const columnOf = ({ how: { group, clip, plan } }) =>
    plan
      ? planName(plan)
      : `${group === 'channel' ? 'per channel' : `groups of ${group}`}, ${clip === 'search' ? 'searched' : clip} clip`;
  const columns = [...new Set(rows.map(columnOf))];
  const lines = SCHEMES.map((scheme) => [
    scheme === 'midRise' ? 'mid-rise' : scheme,
    ...columns.map((column) => {
      const row = rows.find((one) => one.how.scheme === scheme && columnOf(one) === column);
      return row ? `${werCell(row.results[CHOICE])}, ${megabytes(row.model.fileBytes)}` : '';
    }),
  ]);
  return `${table([name, ...columns], lines)}\n`;
}

function partSection(rows) {
  const found = rows.filter(({ part, results }) => part && CHOICE in results);
  if (found.length === 0) return '';
  const lines = found.map((row) => {
    const { change, ...result } = row.results[CHOICE];
    const { difference } = change;
    return [
      ...[row.part, weightsOf(row), werCell(result)],
      ...[`${signed(difference.value)} (${range(difference)})`, verdictOf(change)],
    ];
  });
  return `## Part by part
One part alone in few bits, rounded in groups of ${found[0].how.group} with searched clips and without
calibration, all else in float32; ${SUBSETS[CHOICE].title}.

${table(['part', 'weights', 'WER', 'points', 'verdict'], lines)}
`;
}

function byteSection(rows) {
  const names = rows[0].model.parts.map(({ part }) => part);
  const lines = names.map((name) => {
    const parts = rows.map(({ model }) => model.parts.find(({ part }) => part === name));
    const cell = (part, { model }) =>
      part
        ? `${(part.bytes / 1e6).toFixed(2)} MB (${percent((100 * part.bytes) / model.fileBytes, 0)}), ${part.held}`
        : '';
    const weights = Math.max(...parts.map((part) => part?.weights ?? 0));
    return [name, millions(weights), ...rows.map((row, i) => cell(parts[i], row))];
  });
  const all = rows.map(({ model }) => megabytes(model.fileBytes));
  const head = ['part', 'weights', ...rows.map(({ id }) => id)];
  return `## Where the bytes are
Codes, scales and zeros together. The **token table** is one matrix: its rows are what the decoder reads for
each token, and it is multiplied by whole for the scores of all tokens.

${table(head, [...lines, ['all', millions(rows[0].model.parameters), ...all]])}
`;
}

const millions = (count) => (count === 0 ? '' : `${(count / 1e6).toFixed(2)} M`);

function attentionSection(products) {
  if (!products) return '';
  const { byWeights, inAttention, cacheBytes } = products;
  const share = percent((100 * inAttention) / (inAttention + byWeights), 0);
  return `## The products of attention
Queries by keys and shares by values hold no weights, and so no bytes of the file. They are computed in
float32 in every configuration above; there is no kernel for them in fewer bits. That is ${millions(inAttention)} of
the ${millions(inAttention + byWeights)} multiplications that the encoder's blocks make for a second of audio (${share}; default chunk,
full left context), and ${megabytes(cacheBytes)} of keys and values in a session.
`;
}

const METHOD = `## How it is measured
- Every recording is one segment with the default chunk, heard once (\`lookAheadMs: 0\`); its text is taken at
  the end; greedy search.
  Texts are compared as [accuracy](accuracy.md#how-texts-are-compared) says; an utterance counts at most two
  errors for every word of its reference.
- Brackets: middle 95 % of 2,000 drawings of utterances with replacement. **Points** and **relative**: change
  against float32, by drawing the same utterances from both, so that what is hard for both cancels out.
  Utterances are drawn, not speakers: the intervals speak of these speakers.
- **Verdict**, from these figures alone: **lossless**: WER is at most ${GOALS.relativePercent} % higher than float32's (relative);
  **within chance**: it is more, but the interval of the change holds 0, so that these utterances do not
  prove a loss (nor its absence: its upper end is what may be lost); **worse**: the interval is above 0.
  The claims count the first two as no loss, and ask every set.
- What is to be chosen is chosen on ${CHOICE}; the other sets judge. Much of the grid is measured on ${CHOICE} alone.
- **Rounded**: \`parrotlet quantize\` from the float32 model, with the front end's matrices in int8 unless it
  says *every matrix* or, in 2 bits, *attention in int4* (the front end too) or *groups by plan*; *error feedback* (GPTQ) was calibrated on
  ${CALIBRATION.few} recordings of the train split, four minutes of speech, unless it says more.
  **Trained**: on from the codes of \`int4-plan-long\` and \`int2-plan-long\`, in every product. In 4 bits weights
  learnt at 2e-4, and codes with them (\`training/configs/tiny-int4.toml\`, 2,400 steps or 27 hours of audio); three
  quarters of what they had changed were kept, and rounded then: it is the default model. In 2 bits at 3e-4, each
  block taught by the same block of the float32 model, with nine hours of synthetic speech beside the 5.4 recorded
  ones (\`tiny-int2.toml\`, 3,200 steps or 36 hours): it ships as \`bits: 2\`. Before it shipped \`trained-int2-midRise\`,
  under the simpler plan and without synthetic speech.
  Those with a number of steps do not ship. Those with 250 and 400 show what a scheme or width comes to in less time, int8 with the
  settings of the first file at half the rate, all others with those of the second; those in 2 bits began with codes from
  ${CALIBRATION.few} recordings, none of them moved. They, 4 and 2 bits by plan, and 8 bits with floats in one convolution were rounded
  from the weights of the model in int8 (\`python -m parrotlet_training unpack\`), which taught those in 2 bits:
  W8A32 in these tables, measured from them too.
- **In 2 bits attention decides**: with its matrices in int4, and all feed-forward and convolution modules in 2
  bits, rounding alone keeps words that it loses with everything in 2 bits, and those 6 of the 24.5 million weights
  take 1.4 MB more. Scales that are fitted to the codes, and float16 for scales and norms, pay for a part of that.
  With every matrix of encoder and decoder in 2 bits (mid-rise, groups of 48) 1,600 steps of training, 18 hours,
  ended at 22.7 % on dev, worse than this plan does untrained.
- **So does what is heard**: four minutes of calibration are 800 tokens, too few for a decoder whose matrices have up
  to 1152 inputs, and moved codes fit them only. On two hours of speech rounding alone comes near to what 900 steps of
  training had made of codes from four minutes (12.8 % on dev; see [the model's card](../models/README.md#what-was-tried)).
- **Where 4 bits pay**: by what each part takes off the divergence from the float32 model's token distributions,
  for each byte, the plan that ships gives 4 bits to the second matrices of feed-forward modules, and takes them from the
  outputs of the decoder's attention and from one strided convolution: 0.070 before training instead of 0.122, for 0.3 MB.
- **What is said counts as well**: 5.4 hours hold so few texts that the decoder learnt them by heart. Training took half
  off that divergence on speech that it had heard (0.096 to 0.048), a fifth on dev (0.127 to 0.099), while encoder and
  single blocks came as much nearer to the float32 model's on both. With nine hours of synthetic
  speech it ends at 0.034 there and 0.061 on dev, where the blocks' distance fell from 0.074 to 0.048. Sixteen hours more,
  and as many steps again, left dev where it was ([what was tried](../models/README.md#what-was-tried)): it is not
  texts that are missing now.
- With activations of 4 bits rounding leaves nothing to understand; training brings half of it back in 250 steps, and was
  not at its end.
- **Floats in one convolution**: the inputs of the front end's last one have channels many times as loud as the rest, and
  hold most of what rounding activations to 8 bits costs. \`int8-symmetric-channel-max-round\`, which ships as
  \`bits: 8\`, multiplies floats there, and so do the models of 4 and 2 bits by plan and those that training made for
  shipping. Training in int8 without it mended accented speech as much, and cost elsewhere.
- Short runs that compare schemes, groups, and what teaches, in 2 and 4 bits: see
  [choices of training](training-choices.md#two-and-four-bits-trained-with-their-integers).
- What was tried beside it in 4 bits: see [the model's card](../models/README.md#what-was-tried).
- Scales that learn with the codes were tried and gained nothing that is proved. What comes next is more recorded
  speech than 5.4 hours.
- **W4A8**: weights in 4 bits, the activations that they multiply in 8; A32 are floats.
- **File** counts all bytes: codes, scales, zeros, floats, word pieces, header.
`;
