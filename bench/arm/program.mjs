// A program for ARM, linked statically: the instruction at each address, and whose it is.
import { execFileSync } from 'node:child_process';

const OUTPUT = { encoding: 'utf8', maxBuffer: 1 << 28 };

export class Program {
  #functions = new Map(); // names by address
  #instructions = new Map(); // by address
  #symbols; // [{name, address, size}], the last two in hexadecimal

  constructor(path) {
    this.path = path;
    const listing = execFileSync(
      'aarch64-linux-gnu-objdump',
      ['-d', '-C', '--no-show-raw-insn', path],
      OUTPUT,
    );
    let name = '';
    for (const line of listing.split('\n')) {
      const [, address, text] = /^ *([0-9a-f]+):\t(.*)$/.exec(line) ?? [];
      if (address === undefined) {
        name = /^[0-9a-f]+ <(.*)>:$/.exec(line)?.[1] ?? name;
        continue;
      }
      const at = Number.parseInt(address, 16);
      this.#instructions.set(at, text.replace(/\s*\/\/.*/, '').trim());
      this.#functions.set(at, name);
    }
    const symbols = execFileSync('nm', ['-S', '-C', path], OUTPUT);
    this.#symbols = Array.from(
      symbols.matchAll(/^([0-9a-f]+) ([0-9a-f]+) \w (.*)$/gm),
      ([, address, size, name]) => ({ name, address: `0x${address}`, size: `0x${size}` }),
    );
  }

  /** Instructions from an address on. */
  instructionsAt(address, count = 1) {
    return Array.from({ length: count }, (_, i) => {
      const text = this.#instructions.get(address + 4 * i);
      if (text !== undefined) return text;
      throw new Error(`${this.path} has no instruction at ${(address + 4 * i).toString(16)}.`);
    });
  }

  functionAt(address) {
    return this.#functions.get(address) ?? '';
  }

  /** Where functions with such names are: [{name, address, size}], in hexadecimal. */
  rangesOf(isWanted) {
    return this.#symbols.filter(({ name }) => isWanted(name));
  }
}
