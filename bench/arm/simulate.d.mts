// Types of simulate.mjs, for the tests.
export function cyclesOf(instructions: readonly string[], model: string): number;
export function throughputOf(instructions: readonly string[], model: string): number;
export function assembled(text: string): string;
