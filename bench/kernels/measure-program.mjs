// Talks to parrotlet_measure (bench/cpp/measure.cc): a line of words, a line of JSON back.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts the program at `path`. */
export function startProgram(path) {
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  return {
    /** Sends one command and resolves with its answer. */
    async ask(...words) {
      child.stdin.write(`${words.join(' ')}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${path} ended at the command "${words.join(' ')}".`);
      return JSON.parse(value);
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
