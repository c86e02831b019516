import { uncompressSync } from "snappy";

/** What Java's SnappyOutputStream writes before the blocks: this magic, then a version and a least version, 4 bytes each. */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_BYTES = 16;

/**
 * Reads snappy as Kafka's clients write it: Java's in the xerial framing (blocks of 32 KB before compression, each
 * after its length in 4 bytes), librdkafka's as one bare block. Throws on bytes that are neither.
 * At once rather than in the thread pool: a block takes some 10 µs, the way there and back longer.
 */
export function readSnappy(bytes: Buffer): Buffer {
  if (!startsFrame(bytes, 0)) return block(bytes);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Streams may be joined: a header may stand wherever a block may.
    if (startsFrame(bytes, at)) {
      at += HEADER_BYTES;
      continue;
    }
    const start = at + 4;
    const end = start + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new RangeError(`a block ends at ${end} of ${bytes.length} bytes`);
    blocks.push(block(bytes.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

function startsFrame(bytes: Buffer, at: number): boolean {
  return bytes.length >= at + HEADER_BYTES && MAGIC.equals(bytes.subarray(at, at + MAGIC.length));
}

function block(bytes: Buffer): Buffer {
  return uncompressSync(bytes) as Buffer;
}
