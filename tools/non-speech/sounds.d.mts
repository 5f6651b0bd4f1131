export const SAMPLE_RATE: number;
export const SOUNDS: Readonly<
  Record<string, (count: number, random: () => number) => Float32Array>
>;
export function makeSound(
  name: string,
  options: { readonly seconds: number; readonly decibels: number; readonly seed: number },
): Float32Array;
