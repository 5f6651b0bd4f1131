// Every kind of checkpoint that can be imported, in the order in which they are tried.
import type { ImportFamily } from './families/family.js';
import { moonshine } from './families/moonshine.js';
import { parrotletStreaming } from './families/parrotlet-streaming.js';
import { random } from './families/random.js';

/** The first family that matches an origin reads it. */
export const IMPORT_FAMILIES: readonly ImportFamily[] = [random, moonshine, parrotletStreaming];
