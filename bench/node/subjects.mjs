// What the bench measures: the list of subjects, and how each is opened.
//
// A subject is {id, group, engine, bits, groupSize, kind, file}: subjects of one `group` do the same work, so that
// their ratio means something. `open` gives a stepper:
//   stepSeconds(k)  seconds of audio that step k takes
//   stateBytes      of one session, null where it is not fixed
//   step(k)         one chunk, or one recording; resolves with its text where there is one
//   close()
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeModel } from '../../tools/accuracy/configurations.mjs';

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const PRESETS = ['s', 'm', 'l'];
// Inputs of parrotlet's groups: ONNX Runtime's 32, or what comes nearest and divides S's 144.
const ORT_BLOCK = { s: 48, m: 32, l: 32 };

/** Moonshine tiny for parrotlet, inside the work folder. */
export const MOONSHINE_FILE = join('models', 'moonshine-tiny-int8.safetensors');

const OPENERS = {
  'onnxruntime-node conformer': async () =>
    (await import('../peers/ort-conformer.mjs')).openOrtConformer,
  'onnxruntime-node moonshine': async () =>
    (await import('../peers/ort-moonshine.mjs')).openOrtMoonshine,
  'parrotlet conformer': async () => (await import('./parrotlet-stepper.mjs')).openChunks,
  'parrotlet streaming': async () => (await import('./parrotlet-stepper.mjs')).openStream,
  'parrotlet moonshine': async () => (await import('./parrotlet-stepper.mjs')).openRecordings,
};

/** The function that opens a subject; loads the engine's own packages, and only these. */
export const opener = (subject) => OPENERS[`${subject.engine} ${subject.kind}`]();

/** The random Conformers: {preset, type, bits, groupSize}; the name of a file is preset-type[-group]. */
export const CONFORMERS = PRESETS.flatMap((preset) => [
  { preset, type: 'float32', bits: 32, groupSize: 'channel' },
  { preset, type: 'int8', bits: 8, groupSize: 'channel' },
  ...[4, 2].flatMap((bits) =>
    ['channel', ORT_BLOCK[preset]].map((groupSize) => ({
      preset,
      type: `int${bits}`,
      bits,
      groupSize,
    })),
  ),
]);

/** The file of a random Conformer for parrotlet, inside the work folder. */
export function conformerFile({ preset, type, groupSize }) {
  const group = groupSize === 'channel' ? '' : `-group${groupSize}`;
  return join('models', `conformer-${preset}-${type}${group}.safetensors`);
}

function streamingSubject(file) {
  const { bits, groupSize } = existsSync(file) ? describeModel(file) : { bits: 4, groupSize: '?' };
  return { group: 'streaming', kind: 'streaming', bits, groupSize, engine: 'parrotlet', file };
}

function isInstalled(engine) {
  return engine === 'parrotlet' || existsSync(join(BENCH, 'node_modules', engine));
}

/** How 32, 8, 4 and 2 bits are called. */
export const weightsName = (bits) => (bits === 32 ? 'float32' : `int${bits}`);

/** All subjects; `present` says whether the file is there and the engine is installed. */
export function listSubjects({ work, model }) {
  const conformers = CONFORMERS.flatMap((one) => {
    const { preset, type, bits, groupSize } = one;
    const common = { group: `conformer-${preset}`, kind: 'conformer', bits };
    const ours = {
      ...common,
      engine: 'parrotlet',
      groupSize,
      file: join(work, conformerFile(one)),
    };
    const file = join(work, 'onnx', `conformer-${preset}-${type}.onnx`);
    // ONNX Runtime has one variant a width: 8 bits by channel, 4 and 2 bits in blocks of 32.
    const peer = bits > 4 || groupSize !== 'channel';
    const theirs = {
      ...common,
      engine: 'onnxruntime-node',
      groupSize: bits > 4 ? 'channel' : 32,
      file,
    };
    return peer ? [theirs, ours] : [ours];
  });
  const moonshine = { group: 'moonshine-tiny', kind: 'moonshine', bits: 8, groupSize: 'channel' };
  const others = [
    { ...moonshine, engine: 'onnxruntime-node', file: join(work, 'moonshine') },
    { ...moonshine, engine: 'parrotlet', file: join(work, MOONSHINE_FILE) },
    streamingSubject(model),
  ];
  return [...conformers, ...others].map((subject) => ({
    id: [subject.group, subject.engine, weightsName(subject.bits), subject.groupSize].join('/'),
    ...subject,
    present: existsSync(subject.file) && isInstalled(subject.engine),
  }));
}
