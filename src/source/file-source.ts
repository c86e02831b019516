import {
  partitionName,
  recordName,
  type SourceRecord,
  type TopicPartition,
} from "../data/record.ts";
import { parseRecordedLine, type RecordedRecord } from "../data/recorded-line.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import { InputLines } from "./input-lines.ts";
import type { Source, SourceListener } from "./source.ts";

export type FileSourceOptions = {
  /** A path, or `-` for standard input; gzip is recognised. */
  readonly input: string;
  /** Whether a model reads the topic; records of other topics are skipped. */
  readonly reads: (topic: string) => boolean;
  readonly onUnreadable: (record: SourceRecord, error: CdcError) => Promise<void>;
  /** This many consecutive unreadable lines end the reading: it is the wrong file. */
  readonly unreadableInARow?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onOther?: () => void;
  readonly onOutOfOrder?: () => void;
  /** Called for a record below the stored offset: an earlier replay of this input has processed it. */
  readonly onReplayed?: () => void;
  /** Whether the stored offsets are those of a replay of this input, by its first line. */
  readonly isSameInput?: (firstLine: Buffer) => boolean;
  /** Lines between two waits for the listener. Bounds the lines read ahead, and how far apart partitions can be. */
  readonly window?: number;
};

/** How far the input has been read; `total` is `null` for standard input and pipes. */
export type Progress = {
  readonly bytes: number;
  readonly total: number | null;
  readonly lines: number;
};

const WINDOW = 2_000;

/**
 * Recorded topics as a source. A partition is assigned with its first record. A record without a key (a truncate) is
 * processed alone, after all records before it; otherwise there is no order between partitions.
 */
export class FileSource implements Source {
  readonly #options: FileSourceOptions;
  readonly #paused = new Set<string>();
  readonly #seen = new Map<string, { readonly tp: TopicPartition; last: number }>();
  #listener: SourceListener | null = null;
  #resumed: (() => void) | null = null;
  readonly #offsets = new Map<string, number>();
  #sameInput = true;
  #hasNewPartition = false;
  #unreadable = 0;
  #stopped = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  async start(listener: SourceListener): Promise<void> {
    this.#listener = listener;
    const { input } = this.#options;
    const lines = await InputLines.open(input);
    this.#reading = this.#read(lines).catch((error) => {
      const reason = `${input} cannot be read: ${messageOf(error)}`;
      const known = error instanceof CdcError;
      listener.failed(known ? error : new CdcError("INPUT_UNREADABLE", reason, { cause: error }));
    });
  }

  pause(tp: TopicPartition): void {
    this.#paused.add(partitionName(tp));
  }

  resume(tp: TopicPartition): void {
    this.#paused.delete(partitionName(tp));
    if (this.#paused.size === 0) this.#resumed?.();
  }

  /** A file is read from its beginning: records below `offset` are skipped. */
  seek(tp: TopicPartition, offset: number): void {
    this.#offsets.set(partitionName(tp), offset);
  }

  async range(): Promise<null> {
    return null;
  }

  async partitions(topic: string): Promise<readonly number[]> {
    return [...this.#seen.values()].flatMap(({ tp }) => (tp.topic === topic ? [tp.partition] : []));
  }

  async owns(): Promise<boolean> {
    return true;
  }

  async commit(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#resumed?.();
    await this.#reading;
  }

  async #read(lines: InputLines): Promise<void> {
    const { onProgress, isSameInput, window: size = WINDOW } = this.#options;
    let window: RecordedRecord[] = [];
    let line = 0;
    const progress = () => onProgress?.({ bytes: lines.bytes, total: lines.total, lines: line });
    for await (const bytes of lines) {
      line += 1;
      if (line === 1) this.#sameInput = isSameInput?.(bytes) ?? true;
      const record = await this.#parse(bytes, line);
      if (record) {
        const isAlone = record.key === null;
        if (isAlone) await this.#deliver(window.splice(0));
        window.push(record);
        if (isAlone) await this.#deliver(window.splice(0));
      }
      if (line % size === 0) {
        await this.#deliver(window);
        window = [];
        progress();
      }
      if (this.#stopped) return;
    }
    await this.#deliver(window);
    progress();
    this.#listener?.ended();
  }

  async #parse(bytes: Buffer, line: number): Promise<RecordedRecord | null> {
    if (bytes.length === 0) return null;
    const { reads, onUnreadable, onOther } = this.#options;
    let record: RecordedRecord;
    try {
      record = parseRecordedLine(bytes, line);
    } catch (error) {
      if (!(error instanceof CdcError)) throw error;
      await onUnreadable(this.#lineAsRecord(bytes, line), error);
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
    if (!reads(record.topic)) {
      onOther?.();
      return null;
    }
    return this.#isInOrder(record) ? record : null;
  }

  /** Registers the record's partition. A record whose offset does not increase is a duplicate. */
  #isInOrder(record: RecordedRecord): boolean {
    const { topic, partition, offset } = record;
    const seen = this.#seen.get(partitionName(record));
    if (!seen) {
      this.#seen.set(partitionName(record), { tp: { topic, partition }, last: offset });
      this.#hasNewPartition = true;
    } else if (offset <= seen.last) {
      this.#options.onOutOfOrder?.();
      return false;
    } else seen.last = offset;
    return true;
  }

  /** @throws CdcError OTHER_INPUT if the record is below the stored offset and that is of another input */
  #isReplayed(record: RecordedRecord): boolean {
    const from = this.#offsets.get(partitionName(record)) ?? 0;
    if (record.offset >= from) return false;
    if (!this.#sameInput) {
      throw new CdcError(
        "OTHER_INPUT",
        `line ${record.line}: ${recordName(record)} is below offset ${from}, which a replay of another input has stored; ` +
          "it is not known whether that input had the same record. Give the pipeline another `name`, or remove the state of the earlier replay",
      );
    }
    this.#options.onReplayed?.();
    return true;
  }

  /** An unreadable line as a record: its topic is the input, its offset the line number. */
  #lineAsRecord(value: Buffer, line: number): SourceRecord {
    const { input } = this.#options;
    return {
      topic: input,
      partition: 0,
      offset: line,
      timestamp: 0,
      headers: {},
      key: null,
      value,
    };
  }

  /** Delivers a window, partition by partition, and waits until it is processed. */
  async #deliver(window: readonly RecordedRecord[]): Promise<void> {
    const listener = this.#listener;
    if (window.length === 0 || listener === null || this.#stopped) return;
    if (this.#hasNewPartition) {
      this.#hasNewPartition = false;
      listener.assigned([...this.#seen.values()].map(({ tp }) => tp));
      await listener.processed();
    }
    const unprocessed = window.filter((record) => !this.#isReplayed(record));
    const partitions = Map.groupBy(unprocessed, partitionName);
    for (const records of partitions.values()) {
      listener.records(records);
      await this.#untilResumed();
    }
    await listener.processed();
  }

  #untilResumed(): Promise<void> {
    if (this.#paused.size === 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resumed = resolve;
    });
  }
}
