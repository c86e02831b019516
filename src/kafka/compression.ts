import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import kafkajs from "kafkajs";
import { decompressFrame } from "lz4-napi";
import { CdcError, messageOf } from "../lib/errors.ts";
import { readSnappy } from "./snappy.ts";

/** Registers snappy, lz4 and zstd with kafkajs, which has only gzip. May be called again. */
export function registerCompression(): void {
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
  codecs[types.Snappy] = () => codec("snappy", readSnappy);
  codecs[types.LZ4] = () => codec("lz4", decompressFrame);
  codecs[types.ZSTD] = () => codec("zstd", promisify(zstdDecompress));
}

/** A codec that only decompresses. Its errors are not retriable: fetching the same bytes again does not help. */
function codec(name: string, decompress: (bytes: Buffer) => Buffer | Promise<Buffer>) {
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
