// The number formats in which training frameworks store weights, and how each becomes float32.

/** A floating-point format of a safetensors file that the importer reads. */
export type FloatFormat = 'F16' | 'BF16' | 'F32' | 'F64';

/** Bytes of one value of every dtype that safetensors files may hold, readable or not. */
export const DTYPE_BYTES: ReadonlyMap<string, number> = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E4M3', 'F8_E5M2'].map((dtype) => [dtype, 1] as const),
  ...['U16', 'I16', 'F16', 'BF16'].map((dtype) => [dtype, 2] as const),
  ...['U32', 'I32', 'F32'].map((dtype) => [dtype, 4] as const),
  ...['U64', 'I64', 'F64'].map((dtype) => [dtype, 8] as const),
]);

/** Whether the importer reads tensors of this dtype as weights. */
export function isFloatFormat(dtype: string): dtype is FloatFormat {
  return dtype === 'F16' || dtype === 'BF16' || dtype === 'F32' || dtype === 'F64';
}

/**
 * Little-endian values as float32: exact for F16, BF16 and F32, rounded to nearest for F64.
 *
 * @param bytes - A whole number of values, starting at the start of its own buffer.
 */
export function toFloat32(format: FloatFormat, bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (format) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case 'F16':
      return halfToFloat32(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case 'BF16': {
      const values = new Uint16Array(buffer, byteOffset, byteLength / 2);
      const bits = new Uint32Array(values.length);
      for (let i = 0; i < values.length; ++i) bits[i] = values[i]! << 16;
      return new Float32Array(bits.buffer);
    }
  }
}

/** The nearest float16 values, halves to even: bit patterns. What is too large becomes infinite. */
export function toHalfBits(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, halfBits);
}

/** The nearest number that a float16 can hold. */
export function roundToHalf(value: number): number {
  return halves()[halfBits(value)]!;
}

function halfToFloat32(values: Uint16Array): Float32Array {
  const table = halves();
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; ++i) out[i] = table[values[i]!]!;
  return out;
}

let halfTable: Float32Array | undefined;

function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  return halfTable;
}

function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65536) return sign | 0x7c00;
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  // From a power of two on in steps of its 1,024th: exact in float64. A carry lands in the exponent,
  // as it should, up to infinity.
  const steps = roundHalfToEven(magnitude / 2 ** (exponent - 10));
  return sign | (((exponent + 14) << 10) + steps);
}

function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
