/** Confluent's wire format: a zero byte and the schema's id, then the payload. JSON never begins with a zero byte. */
const HEAD_BYTES = 5;

/** The schema id of bytes in the wire format, else `null`. */
export function schemaIdOf(bytes: Buffer | null): number | null {
  if (bytes === null || bytes.length < HEAD_BYTES || bytes[0] !== 0) return null;
  return bytes.readInt32BE(1);
}

export function payloadOf(bytes: Buffer): Buffer {
  return bytes.subarray(HEAD_BYTES);
}
