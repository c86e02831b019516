import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CdcError, messageOf } from "../lib/errors.ts";

/** The lines of a file or of standard input, as bytes; gzip is recognised. */
export class InputLines {
  readonly #input: string;
  /** Size of the file; unknown for standard input and a pipe. */
  readonly total: number | null;
  #bytesRead: () => number = () => 0;

  private constructor(input: string, total: number | null) {
    this.#input = input;
    this.total = total;
  }

  /** @throws CdcError ARGUMENTS if the file cannot be read */
  static async open(input: string): Promise<InputLines> {
    return new InputLines(input, input === "-" ? null : await sizeOf(input));
  }

  /** Bytes of the input read so far. */
  get bytes(): number {
    return this.#bytesRead();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    const raw = this.#input === "-" ? process.stdin : createReadStream(this.#input);
    const { stream, read } = await unzipped(raw);
    this.#bytesRead = read;
    // One character for each byte: bytes that are not UTF-8 must stay as they are, and no line ends within a character.
    stream.setEncoding("latin1");
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) yield Buffer.from(line, "latin1");
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    const { size } = await stat(path);
    return size > 0 ? size : null;
  } catch (error) {
    throw new CdcError("ARGUMENTS", `the input ${path} cannot be read: ${messageOf(error)}`);
  }
}

/** The input, decompressed if it starts like gzip; `read` returns the bytes read so far. */
async function unzipped(raw: Readable): Promise<{ stream: Readable; read: () => number }> {
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    raw.once("error", reject);
    raw.once("end", () => resolve(null));
    raw.once("readable", () => resolve(raw.read() as Buffer | null));
  });
  let bytes = first?.length ?? 0;
  const whole = new PassThrough();
  if (first === null) return { stream: whole.end(), read: () => bytes };
  whole.write(first);
  raw.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const gzip = first[0] === 0x1f && first[1] === 0x8b;
  const stages = gzip ? [raw, whole, createGunzip()] : [raw, whole];
  // A failure of any stage ends the last one with the same error.
  pipeline(stages, () => {});
  return { stream: stages.at(-1) as Readable, read: () => bytes };
}
