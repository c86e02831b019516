import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import { decompressFrame } from "lz4-napi";
import { CdcError, messageOf } from "../lib/errors.ts";
import { readSnappy } from "./snappy.ts";

/** Teaches kafkajs to read snappy, lz4 and zstd; it brings only gzip. May be called again. */
export function registerCompression(): void {
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
  codecs[types.Snappy] = () => reader("snappy", readSnappy);
  codecs[types.LZ4] = () => reader("lz4", decompressFrame);
  codecs[types.ZSTD] = () => reader("zstd", promisify(zstdDecompress));
}

/** A codec that only reads. Bytes that cannot be read stay unreadable: kafkajs is told not to fetch them again. */
function reader(name: string, decompress: (bytes: Buffer) => Buffer | Promise<Buffer>) {
  return {
    async decompress(bytes: Buffer): Promise<Buffer> {
      try {
        return await decompress(bytes);
      } catch (cause) {
        const text = `a record batch compressed with ${name} cannot be read: ${messageOf(cause)}`;
        throw Object.assign(new CdcError("BATCH_UNREADABLE", text, { cause }), {
          retriable: false,
        });
      }
    },
  };
}
