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
  #taken: () => number = () => 0;

  private constructor(input: string, total: number | null) {
    this.#input = input;
    this.total = total;
  }

  /** @throws CdcError ARGUMENTS where there is no such file */
  static async open(input: string): Promise<InputLines> {
    return new InputLines(input, input === "-" ? null : await recordBytes(input));
  }

  /** Bytes of the input taken so far. */
  get bytes(): number {
    return this.#taken();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    const raw = this.#input === "-" ? process.stdin : createReadStream(this.#input);
    const { stream, read } = await unzipped(raw);
    this.#taken = read;
    // A character for each byte: bytes that are no UTF-8 must not become others, and no line ends within a character.
    stream.setEncoding("latin1");
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) yield Buffer.from(line, "latin1");
  }
}

async function recordBytes(path: string): Promise<number | null> {
  try {
    const { size } = await stat(path);
    return size > 0 ? size : null;
  } catch (error) {
    throw new CdcError("ARGUMENTS", `the input ${path} cannot be read: ${messageOf(error)}`);
  }
}

/** The input as it is, or unpacked where it begins like gzip; `read` says how many bytes of it were taken. */
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
  // A failure of any stage ends the last one with it, where the reader sees it.
  pipeline(stages, () => {});
  return { stream: stages.at(-1) as Readable, read: () => bytes };
}
