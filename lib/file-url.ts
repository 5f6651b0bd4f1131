// Paths that come as URLs.
import { fileURLToPath } from 'node:url';
import { expectArgument } from './errors.js';

/**
 * The path that a `file:` URL names.
 *
 * @param name - Of the argument.
 * @param expected - What it must be, as a noun phrase.
 * @throws {ParrotletError} `INVALID_ARGUMENT` for another URL, or one that names no path here.
 */
export function pathOf(url: URL, name: string, expected = 'a file: URL'): string {
  expectArgument(url.protocol === 'file:', name, expected, url.href);
  try {
    return fileURLToPath(url);
  } catch {
    // Another host, or an encoded separator.
    expectArgument(false, name, 'a file: URL of a path on this machine', url.href);
  }
}
