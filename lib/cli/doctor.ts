// `parrotlet doctor`: what runs on this machine, why, and what is missing.
import { stat } from 'node:fs/promises';
import os from 'node:os';
import { defaultModelPath } from '../default-model.js';
import { ParrotletError } from '../errors.js';
import { type BackendInfo, backendInfo } from '../runtime.js';
import { findCaptures, INSTALL_HINT } from './capture/choose.js';
import type { Terminal } from './terminal.js';

/** What `doctor --json` writes. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpuThreads: number;
  /** Null when no build of the engine loads. */
  readonly backend: BackendInfo | null;
  readonly defaultModel: { readonly path: string; readonly bytes: number | null };
  /** Ways to record for `listen`, the first of which it uses. */
  readonly captures: readonly { readonly name: string; readonly place: string }[];
  /** What keeps the package from working, each with what to do; empty when all is well. */
  readonly problems: readonly string[];
}

/** Examines the installation; returns the exit code, 1 when the engine does not run. */
export async function diagnose(
  flags: { readonly json?: boolean },
  { stdout }: Terminal,
  getBackend: () => BackendInfo = backendInfo,
): Promise<number> {
  const { backend, problem } = tryBackend(getBackend);
  const modelPath = defaultModelPath();
  const bytes = await stat(modelPath).then(
    ({ size }) => size,
    () => null,
  );
  const problems = [
    problem,
    backend?.error ?? undefined,
    bytes === null
      ? `The default model is missing at ${modelPath}. Install the package again, or name a model with --model.`
      : undefined,
  ].filter((text) => text !== undefined);
  const diagnosis: Diagnosis = {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cpuThreads: os.availableParallelism(),
    backend,
    defaultModel: { path: modelPath, bytes },
    captures: (await findCaptures()).map(({ name, place }) => ({ name, place })),
    problems,
  };
  stdout.write(flags.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : formatDiagnosis(diagnosis));
  return backend && backend.error === null ? 0 : 1;
}

function tryBackend(getBackend: () => BackendInfo): {
  readonly backend: BackendInfo | null;
  readonly problem: string | undefined;
} {
  try {
    return { backend: getBackend(), problem: undefined };
  } catch (error) {
    if (ParrotletError.is(error)) return { backend: null, problem: error.message };
    throw error;
  }
}

function formatDiagnosis(diagnosis: Diagnosis): string {
  const { backend, defaultModel, captures, problems, ...machine } = diagnosis;
  const lines = [
    ['Node.js', `${machine.node}, ${machine.platform}`],
    ['CPU', `${machine.cpu}, ${machine.cpuThreads} threads`],
    ...(backend ? describeBackend(backend) : [['engine', 'none']]),
    [
      'default model',
      defaultModel.bytes === null
        ? 'missing'
        : `${defaultModel.path}, ${(defaultModel.bytes / 1e6).toFixed(1)} MB`,
    ],
    ['microphone', captures.map(({ name, place }) => `${name} (${place})`).join(', ') || 'none'],
  ];
  const facts = lines.map(([label, text]) => `${label!.padEnd(15)}${text}\n`).join('');
  const advice = [
    ...problems,
    ...(captures.length > 0 ? [] : [`Nothing records from a microphone. ${INSTALL_HINT}`]),
  ];
  return facts + (advice.length === 0 ? 'Nothing is missing.\n' : `\n${advice.join('\n\n')}\n`);
}

function describeBackend(backend: BackendInfo): string[][] {
  const { targets, supported, forced, target } = backend;
  const why = forced
    ? 'because PARROTLET_TARGET says so'
    : 'the fastest of this build that this CPU has';
  return [
    ['engine', `${backend.backend} ${backend.version}, Node-API ${backend.napiVersion}`],
    ['loaded from', backend.path],
    ['instructions', target === null ? 'none' : `${target}, ${why}`],
    ['in this build', targets.join(', ')],
    ['on this CPU', supported.join(', ')],
  ];
}
