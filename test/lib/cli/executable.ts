// Starts the built executable. Needs `npm run build`.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');
const main = path.join(root, 'dist/esm/cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Finished>;
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build\` first`);
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => out.push(data));
  child.stderr.on('data', (data: Buffer) => err.push(data));
  const finished = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    out: Buffer.concat(out).toString(),
    err: Buffer.concat(err).toString(),
  }));
  return { child, finished };
}

/** Runs it to its end, with nothing on standard input. */
export function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
  const { child, finished } = start(args, env);
  child.stdin.end();
  return finished;
}
