// What the low-bit study measures: one entry for every way of holding the model's weights.

/** The model that all others are measured against. */
export const BASELINE = 'float32';

/** Parts of the model, by the names of their matrices; what matches none is held in floats. */
export const PARTS = [
  { name: 'token table', pattern: '^decoder\\.embedding\\.weight$' },
  {
    name: 'attention matrices',
    pattern: '\\.(attention|self|cross)\\.(qkv|query|key_value|out)\\.weight$',
  },
  { name: 'feed-forward modules', pattern: '\\.ff1?\\.(in|out)\\.weight$' },
  { name: 'convolution modules', pattern: '\\.conv\\.(in|out)\\.weight$' },
  { name: 'front end', pattern: '^frontend\\.conv\\.[1-9]\\.weight$' },
];

export const SCHEMES = ['symmetric', 'affine', 'midRise'];

/** Recordings of the train split that error feedback is calibrated on, to compare and to ship. */
export const CALIBRATION = { few: 32, many: 1024 };

// Seven parts in a hundred of the weights, and the first to meet the signal.
const FRONT_END_IN_8 = {
  ...{ match: 'frontend.*', bits: 8, groupSize: 'channel', clip: 'max' },
  ...{ scheme: 'symmetric', activations: 8 },
};

// Its inputs hold most of what rounding activations to 8 bits costs.
const LAST_CONVOLUTION_BY_FLOATS = { match: 'frontend.conv.2.weight', activations: 32 };

/**
 * An entry: `id`; `weights`, the bits of most of them; `how`; `sets`, where not all of them are
 * measured: a grid is searched on dev, and what is best there goes to the other sets as well.
 *
 * `how` is {method, bits, scheme, group, clip, clipError, activations, floats, rules, plan, calibrate}:
 * rounded after training, from the float32 model. `plan` is a file of rules, whose matrices in `bits` take
 * the scheme; `mixed` the bits of the rest, `calibrate` how many recordings of the train split. Or
 * it is {model, ...what is known of it}: a file that training made, from the root, or with `steps`, how
 * many it took, in the folder of those that do not ship.
 */
export function configurations() {
  return [
    { id: BASELINE, weights: 32, how: { model: undefined } },
    rounded({ bits: 8, group: 'channel', clip: 'max', rules: [] }),
    rounded({ bits: 8, group: 'channel', clip: 'max', rules: [], activations: 32 }, ['dev']),
    rounded({ bits: 8, group: 'channel', clip: 'max', rules: [LAST_CONVOLUTION_BY_FLOATS] }),
    ...int4(),
    ...int2(),
    ...partByPart(),
    ...trained(),
  ];
}

function int4() {
  const grid = [
    ...['channel', 32].map((group) => ({ group, clip: 'max' })),
    ...['channel', 32].map((group) => ({ group })),
    { group: 'channel', clipError: 'l1' },
    { group: 'channel', method: 'hqq' },
    { group: 'channel', method: 'gptq' },
    { group: 32, method: 'hqq' },
    { group: 32, method: 'gptq' },
    { group: 32, method: 'gptq', scheme: 'affine' },
  ];
  const activations = [4, 32].map((width) => ({ group: 32, method: 'gptq', activations: width }));
  const byPlan = { bits: 4, mixed: 8, method: 'gptq-fit', plan: PLANS[4], floats: 'float16' };
  return [
    ...grid.map((how) => rounded({ bits: 4, ...how }, ['dev'])),
    rounded({ bits: 4, group: 96, method: 'gptq', rules: [] }, ['dev']), // the front end as well
    ...activations.map((how) => rounded({ bits: 4, ...how })),
    { ...rounded(byPlan), id: 'int4-plan' },
    { ...rounded({ ...byPlan, calibrate: CALIBRATION.many }), id: 'int4-plan-long' },
  ];
}

/** Of the models that ship: the matrices to which other bits are given, and all groups. */
const PLANS = Object.fromEntries(
  [4, 2].map((bits) => [bits, `models/parrotlet-tiny-en-int${bits}.plan.json`]),
);

/** A simpler one, under which the schemes of 2 bits are compared. */
const ATTENTION_IN_INT4 = 'tools/low-bit/attention-in-int4.plan.json';

export const planName = (plan) =>
  plan === ATTENTION_IN_INT4 ? 'attention in int4' : 'groups by plan';

function int2() {
  const plain = SCHEMES.flatMap((scheme) =>
    ['channel', 32].flatMap((group) =>
      ['max', 'search'].map((clip) => ({ scheme, group, clip, method: 'round' })),
    ),
  );
  const better = SCHEMES.flatMap((scheme) =>
    [
      { group: 'channel', method: 'gptq' },
      { group: 32, method: 'hqq' },
      { group: 32, method: 'gptq' },
      { group: 96, method: 'gptq' },
    ].map((how) => ({ scheme, ...how })),
  );
  const weightOnly = { scheme: 'midRise', group: 32, method: 'gptq', activations: 32 };
  const grid = [...plain, ...better, weightOnly];
  const byPlan = { bits: 2, mixed: 4, method: 'gptq-fit', floats: 'float16' };
  const simpler = { ...byPlan, plan: ATTENTION_IN_INT4 };
  const long = { scheme: 'midRise', calibrate: CALIBRATION.many };
  return [
    ...grid.map((how) => rounded({ bits: 2, ...how }, ['dev'])),
    ...SCHEMES.map((scheme) => ({
      ...rounded({ ...simpler, scheme }, ['dev']),
      id: `int2-attention-in-int4-${scheme}`,
    })),
    { ...rounded({ ...simpler, ...long }), id: 'int2-attention-in-int4-midRise-long' },
    { ...rounded({ ...byPlan, plan: PLANS[2], ...long }), id: 'int2-plan-long' },
  ];
}

/** One part alone in few bits, all else in float32: which part costs what. */
function partByPart() {
  return [4, 2].flatMap((bits) =>
    PARTS.map(({ name, pattern }) => {
      const rules = [
        { match: `/${pattern}/`, bits },
        { match: '*', bits: 32 },
      ];
      const how = { bits, method: 'round', group: 96, rules };
      const id = `only-${name.replaceAll(' ', '-')}-int${bits}`;
      return { ...rounded(how, ['dev']), id, part: name };
    }),
  );
}

/** Files that training made: the package's own, and from shorter runs those that do not ship. */
function trained() {
  const shipped = [
    { bits: 4, plan: PLANS[4], mixed: 8, floats: 'float16' }, // the default model
    { bits: 2, plan: PLANS[2], mixed: 4, scheme: 'midRise', floats: 'float16' },
  ];
  const simpler = { bits: 2, plan: ATTENTION_IN_INT4, mixed: 4, floats: 'float16' };
  const others = [
    { name: 'int2-symmetric', ...simpler, scheme: 'symmetric', steps: 400, sets: ['dev'] },
    { name: 'int2-affine', ...simpler, scheme: 'affine', steps: 400, sets: ['dev'] },
    { name: 'int2-midRise', ...simpler, scheme: 'midRise', steps: 1900 },
    { name: 'int4-a4', bits: 4, group: 32, activations: 4, mixed: 8, steps: 250, sets: ['dev'] },
    { name: 'int8', bits: 8, group: 'channel', clip: 'max', steps: 250 },
  ];
  const entry = (name, model, { sets, ...facts }) => ({
    ...{ id: `trained-${name}`, weights: facts.bits, trained: true, ...(sets && { sets }) },
    how: { model, ...PLAIN, ...facts },
  });
  return [
    ...shipped.map((facts) => {
      const name = `int${facts.bits}`;
      return entry(name, `models/parrotlet-tiny-en-${name}.safetensors`, facts);
    }),
    ...others.map(({ name, ...facts }) => entry(name, `${name}.safetensors`, facts)),
  ];
}

const PLAIN = { scheme: 'symmetric', clip: 'search', activations: 8 };

function rounded(how, sets) {
  const whole = {
    ...{ ...PLAIN, method: 'round', rules: [FRONT_END_IN_8], ...how },
    ...(how.method?.startsWith('gptq') && { calibrate: how.calibrate ?? CALIBRATION.few }),
  };
  const id = `${nameOf(whole)}-${whole.method}${whole.rules.length === 0 ? '-all' : ''}`;
  return { id, weights: how.bits, how: whole, ...(sets && { sets }) };
}

/** Such as `int2-affine-32-search-a4`. */
function nameOf({ bits, scheme, group, clip, clipError, activations }) {
  return [
    ...[`int${bits}`, scheme, group, clip, clipError],
    activations === 8 ? undefined : `a${activations}`,
  ]
    .filter((word) => word !== undefined)
    .join('-');
}

const METHODS = {
  ...{ hqq: 'half-quadratic', gptq: 'error feedback' },
  'gptq-fit': 'error feedback, moved codes and fitted scales',
};

/** The entry in words, such as "affine, groups of 32, searched clip, error feedback". */
export function describe({ id, part, how }) {
  if (part) return `only the ${part}`;
  if (how.bits === undefined) return id === BASELINE ? id : 'no integers';
  const { scheme, group, clip, clipError, activations, method, rules, mixed, plan, floats } = how;
  const { calibrate, steps } = how;
  return [
    scheme === 'midRise' ? 'mid-rise' : scheme,
    plan && planName(plan),
    group && (group === 'channel' ? 'per channel' : `groups of ${group}`),
    clip === 'search' ? `searched clip${clipError ? ` (${clipError})` : ''}` : `${clip} clip`,
    METHODS[method],
    calibrate > CALIBRATION.few && `on ${calibrate} recordings`,
    activations === 32 ? 'float activations' : activations === 4 && 'int4 activations',
    rules?.some(({ activations: bits }) => bits === 32) && 'floats in one convolution',
    rules?.length === 0 && 'every matrix',
    mixed && `${mixed === 4 ? 'over half' : 'some'} in int${mixed}`,
    floats === 'float16' && 'float16 scales',
    steps && `${steps} steps`,
  ]
    .filter(Boolean)
    .join(', ');
}
