// Puts a calibration into a model file, in place of the one it has.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** `confidence`: {scale, bias, least}. The header's room for growth takes what the document gains. */
export function writeCalibration(path, confidence) {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, 8 + length));
  const { __metadata__: metadata } = header;
  const { card, ...document } = JSON.parse(metadata.document);
  metadata.document = JSON.stringify({ ...document, confidence, ...(card && { card }) });
  const digits = metadata.sha256;
  metadata.sha256 = '0'.repeat(64);
  const text = Buffer.from(JSON.stringify(header));
  if (text.length > length) {
    throw new Error(
      `${path} has no room for ${text.length - length} more bytes in its header; import it again ` +
        `with --confidence ${Object.values(confidence).join(',')}.`,
    );
  }
  const at = text.indexOf(metadata.sha256);
  if (file.indexOf(digits) !== 8 + at) throw new Error(`${path} has another order of keys.`);
  file.fill(' ', 8, 8 + length);
  text.copy(file, 8);
  file.write(createHash('sha256').update(file).digest('hex'), 8 + at, 'ascii');
  writeFileSync(`${path}.tmp`, file);
  renameSync(`${path}.tmp`, path);
}
