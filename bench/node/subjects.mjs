// What the bench measures: the list of subjects, and how each is opened.
//
// A subject is {id, group, engine, bits, kind, file}: subjects of one `group` do the same work, so that
// their ratio means something. `open` gives a stepper:
//   stepSeconds(k)  seconds of audio that step k takes
//   stateBytes      of one session, null where it is not fixed
//   step(k)         one chunk, or one recording; resolves with its text where there is one
//   close()
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PRESETS = ['s', 'm', 'l'];
const BITS = { float32: 32, int8: 8, int4: 4, int2: 2 };

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

/** All subjects whose files are in the work folder and the model folder. */
export function listSubjects({ work, models }) {
  const conformers = PRESETS.flatMap((preset) =>
    Object.entries(BITS).flatMap(([type, bits]) => {
      const common = { group: `conformer-${preset}`, kind: 'conformer', bits };
      return [
        {
          ...common,
          engine: 'onnxruntime-node',
          file: join(work, 'onnx', `conformer-${preset}-${type}.onnx`),
        },
        {
          ...common,
          engine: 'parrotlet',
          file: join(work, 'models', `conformer-${preset}-${type}.safetensors`),
        },
      ];
    }),
  );
  const others = [
    {
      group: 'moonshine-tiny',
      kind: 'moonshine',
      engine: 'onnxruntime-node',
      bits: 8,
      file: join(work, 'moonshine'),
    },
    {
      group: 'moonshine-tiny',
      kind: 'moonshine',
      engine: 'parrotlet',
      bits: 8,
      file: join(work, 'models', 'moonshine-tiny-int8.safetensors'),
    },
    { group: 'streaming', kind: 'streaming', engine: 'parrotlet', bits: 4, file: models },
  ];
  return [...conformers, ...others]
    .map((subject) => ({ id: `${subject.group}/${subject.engine}/${subject.bits}`, ...subject }))
    .map((subject) => ({ ...subject, present: existsSync(subject.file) }));
}
