export function writeCalibration(
  path: string,
  confidence: { readonly scale: number; readonly bias: number; readonly least?: number },
): void;
