import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CdcError, messageOf } from "../errors.ts";
import { nameOf, type SourceRecord, type TopicPartition } from "../record.ts";
import { parseRecordedLine, type RecordedRecord } from "../recorded-line.ts";
import type { Source, SourceListener } from "./source.ts";

export type FileSourceOptions = {
  /** A path, or `-` for standard input; gzip is recognised. */
  readonly input: string;
  /** Topics that some model reads; records of others are passed over. */
  readonly topics: ReadonlySet<string>;
  readonly onUnreadable: (record: SourceRecord, error: CdcError) => Promise<void>;
  /** This many unreadable lines in a row end the reading: it is the wrong file. */
  readonly unreadableInARow?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onOther?: () => void;
  readonly onOutOfOrder?: () => void;
  /** Lines between two waits for the listener: bounds what is read ahead and keeps nearby partitions together. */
  readonly window?: number;
};

/** How far the input has been read; `total` is unknown for standard input and a pipe. */
export type Progress = {
  readonly bytes: number;
  readonly total: number | null;
  readonly lines: number;
};

const WINDOW = 2_000;

/**
 * A recorded topic as a source. Every partition in it is owned from its first record on; the order between partitions
 * holds where it matters: a record without a key (a truncate) is processed alone, after all before it.
 */
export class FileSource implements Source {
  readonly #options: FileSourceOptions;
  readonly #paused = new Set<string>();
  readonly #seen = new Map<string, { readonly at: TopicPartition; last: number }>();
  #listener: SourceListener | null = null;
  #resumed: (() => void) | null = null;
  #grown = false;
  #unreadable = 0;
  #stopped = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  async start(listener: SourceListener): Promise<void> {
    this.#listener = listener;
    const { input } = this.#options;
    const total = input === "-" ? null : await sizeOf(input);
    this.#reading = this.#read(total).catch((error) => {
      const reason = `${input} cannot be read: ${messageOf(error)}`;
      listener.failed(
        error instanceof CdcError
          ? error
          : new CdcError("INPUT_UNREADABLE", reason, { cause: error }),
      );
    });
  }

  pause(at: TopicPartition): void {
    this.#paused.add(nameOf(at));
  }

  resume(at: TopicPartition): void {
    this.#paused.delete(nameOf(at));
    if (this.#paused.size === 0) this.#resumed?.();
  }

  /** A file is read from its beginning; the task drops what lies below its position. */
  seek(): void {}

  async range(): Promise<null> {
    return null;
  }

  async commit(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#resumed?.();
    await this.#reading;
  }

  async #read(total: number | null): Promise<void> {
    const { input, onProgress, window: size = WINDOW } = this.#options;
    const raw = input === "-" ? process.stdin : createReadStream(input);
    const { stream, read } = await unzipped(raw);
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    let window: RecordedRecord[] = [];
    let line = 0;
    for await (const text of lines) {
      line += 1;
      const record = await this.#parse(text, line);
      if (record) {
        const alone = record.key === null;
        if (alone) await this.#deliver(window.splice(0));
        window.push(record);
        if (alone) await this.#deliver(window.splice(0));
      }
      if (line % size === 0) {
        await this.#deliver(window);
        window = [];
        onProgress?.({ bytes: read(), total, lines: line });
      }
      if (this.#stopped) break;
    }
    lines.close();
    if (this.#stopped) return;
    await this.#deliver(window);
    onProgress?.({ bytes: read(), total, lines: line });
    this.#listener?.ended();
  }

  async #parse(text: string, line: number): Promise<RecordedRecord | null> {
    if (text === "") return null;
    const { topics, onUnreadable, onOther, onOutOfOrder } = this.#options;
    let record: RecordedRecord;
    try {
      record = parseRecordedLine(text, line);
    } catch (error) {
      if (!(error instanceof CdcError)) throw error;
      await onUnreadable(this.#lineAsRecord(text, line), error);
      this.#unreadable += 1;
      if (this.#unreadable >= (this.#options.unreadableInARow ?? Number.POSITIVE_INFINITY)) {
        throw new CdcError(
          "TOO_MANY_DEAD_LETTERS",
          `the last ${this.#unreadable} lines were all unreadable: ${error.message}`,
        );
      }
      return null;
    }
    this.#unreadable = 0;
    if (!topics.has(record.topic)) {
      onOther?.();
      return null;
    }
    const { topic, partition, offset } = record;
    const seen = this.#seen.get(nameOf(record));
    if (!seen) {
      this.#seen.set(nameOf(record), { at: { topic, partition }, last: offset });
      this.#grown = true;
    } else if (offset <= seen.last) onOutOfOrder?.();
    else seen.last = offset;
    return record;
  }

  /** Coordinates for a line that names none: the input and the line's number. */
  #lineAsRecord(text: string, line: number): SourceRecord {
    const { input } = this.#options;
    return {
      topic: input,
      partition: 0,
      offset: line,
      timestamp: 0,
      headers: {},
      key: null,
      value: Buffer.from(text),
    };
  }

  /** Hands a window over, partition by partition, and waits until it is processed. */
  async #deliver(window: readonly RecordedRecord[]): Promise<void> {
    const listener = this.#listener;
    if (window.length === 0 || listener === null || this.#stopped) return;
    if (this.#grown) {
      this.#grown = false;
      listener.assigned([...this.#seen.values()].map(({ at }) => at));
      await listener.processed();
    }
    const partitions = Map.groupBy(window, nameOf);
    for (const records of partitions.values()) {
      listener.records(records);
      await this.#room();
    }
    await listener.processed();
  }

  #room(): Promise<void> {
    if (this.#paused.size === 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resumed = resolve;
    });
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
