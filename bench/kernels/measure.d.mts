// Types of measure.mjs, for the tests.
import type { Case, Fusion, Other } from './cases.mjs';
import type { Results } from './page.mjs';
import type { Own, Peer } from './speeds.mjs';

type Measured = Pick<Results, 'limits' | 'ours' | 'peers' | 'others' | 'fused'>;

export function mergePasses(passes: readonly Measured[]): Measured;
export function measureAll(
  lists: {
    readonly cases: readonly Case[];
    readonly others: readonly Other[];
    readonly fused: readonly Fusion[];
  },
  how: {
    readonly program: { ask(...words: readonly (string | number)[]): Promise<unknown> };
    readonly openPeer: (one: Case) => Promise<{
      time(rows: number, milliseconds: number): Promise<number>;
      close(): Promise<unknown>;
    }>;
    readonly targets: readonly string[];
    readonly rounds: number;
    readonly onRow: (row: { readonly ours: readonly Own[]; readonly peers: readonly Peer[] }) => void;
  },
): Promise<Measured>;
