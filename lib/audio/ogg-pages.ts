// Splits an Ogg stream into pages and refuses what is not one whole, undamaged logical stream.
import type { ByteReader } from './byte-reader.js';
import { cutOff, damaged } from './compressed.js';

const HEADER_BYTES = 27;
const FIRST_PAGE = 2;
const LAST_PAGE = 4;

/** One page, header included, and the offset of its packets' bytes. */
export interface OggPage {
  readonly bytes: Uint8Array;
  readonly bodyStart: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** 48 kHz frames of the stream up to the end of this page, those to be dropped at its start included. */
  readonly granule: number;
}

/** Yields the pages of a stream, or of several one after the other. */
export async function* readOggPages(bytes: ByteReader): AsyncGenerator<OggPage> {
  let serial: number | undefined; // of the stream that has begun and not ended
  let sequence = 0;
  for (;;) {
    const offset = bytes.offset;
    const header = await bytes.peek(HEADER_BYTES);
    if (header.length === 0 && serial === undefined) return;
    if (header.length < HEADER_BYTES) {
      throw cutOff('Ogg Opus', `it ends at byte ${offset} without its last page`);
    }
    if (Buffer.from(header.subarray(0, 4)).toString('latin1') !== 'OggS' || header[4] !== 0) {
      throw damaged('Ogg Opus', `expected an Ogg page at byte ${offset}`);
    }
    const page = await takePage(bytes, header[26]!);
    const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength);
    if (view.getUint32(22, true) !== pageChecksum(page.bytes)) {
      throw damaged('Ogg Opus', `the checksum of the page at byte ${offset} is wrong`);
    }
    if (
      page.isFirst !== (serial === undefined) ||
      (serial ?? view.getUint32(14, true)) !== view.getUint32(14, true)
    ) {
      throw damaged('Ogg Opus', `the page at byte ${offset} belongs to another stream`);
    }
    if (page.isFirst) sequence = view.getUint32(18, true);
    if (view.getUint32(18, true) !== sequence++) {
      throw damaged('Ogg Opus', `a page is missing before byte ${offset}`);
    }
    serial = page.isLast ? undefined : view.getUint32(14, true);
    yield page;
  }
}

async function takePage(bytes: ByteReader, segments: number): Promise<OggPage> {
  const start = bytes.offset;
  const lacing = (await bytes.peek(HEADER_BYTES + segments)).subarray(HEADER_BYTES);
  const bodyStart = HEADER_BYTES + segments;
  const size = lacing.reduce((sum, length) => sum + length, bodyStart);
  const page = await bytes.take(size);
  if (page.length < size) {
    throw cutOff(
      'Ogg Opus',
      `expected a page of ${size} bytes at byte ${start}, but ${page.length} came`,
    );
  }
  const flags = page[5]!;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  return {
    bytes: page,
    bodyStart,
    isFirst: (flags & FIRST_PAGE) !== 0,
    isLast: (flags & LAST_PAGE) !== 0,
    granule: Number(view.getBigInt64(6, true)),
  };
}

// CRC-32 with polynomial 0x04C11DB7, most significant bit first, over the page with its own four
// checksum bytes taken as zero.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index << 24;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  }
  return remainder;
});

function pageChecksum(page: Uint8Array): number {
  let checksum = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]!;
    checksum = (checksum << 8) ^ CRC_TABLE[(checksum >>> 24) ^ byte]!;
  }
  return checksum >>> 0;
}
