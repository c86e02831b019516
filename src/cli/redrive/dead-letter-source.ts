import { partitionName, type TopicPartition } from "../../data/record.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import type { Source, SourceListener } from "../../source/source.ts";
import type { DeadLetterRecord } from "./redrive-processor.ts";

export type DeadLetterSourceOptions = {
  readonly deadLetters: AsyncIterable<DeadLetter>;
  /** Whether a model reads the topic of the record. */
  readonly reads: (topic: string) => boolean;
  readonly onOther: (deadLetter: DeadLetter) => void;
};

/** Dead letters between two waits for the listener, which bounds what is read ahead. */
const WINDOW = 1_000;

/**
 * Delivers dead letters to the tasks of the partitions that their records came from. Their offsets continue from the
 * task's next offset, since the records' own offsets are below it. Like a recorded file, the source has an end and no log.
 */
export class DeadLetterSource implements Source {
  readonly #options: DeadLetterSourceOptions;
  readonly #next = new Map<string, number>();
  readonly #seen = new Map<string, TopicPartition>();
  #listener: SourceListener | null = null;
  #stopped = false;
  #line = 0;

  constructor(options: DeadLetterSourceOptions) {
    this.#options = options;
  }

  async start(listener: SourceListener): Promise<void> {
    this.#listener = listener;
    this.#read().catch((error) => {
      if (this.#stopped) return;
      const reason = `the dead letters cannot be read: ${messageOf(error)}`;
      const known = error instanceof CdcError;
      listener.failed(known ? error : new CdcError("INPUT_UNREADABLE", reason, { cause: error }));
    });
  }

  /** Not needed: each window is short, and the source waits for the listener after it. */
  pause(): void {}

  resume(): void {}

  seek(tp: TopicPartition, offset: number): void {
    this.#next.set(partitionName(tp), offset);
  }

  async range(): Promise<null> {
    return null;
  }

  async partitions(): Promise<readonly number[]> {
    return [];
  }

  async owns(): Promise<boolean> {
    return true;
  }

  /** The task's offset does not move. */
  async commit(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  async #read(): Promise<void> {
    let window: DeadLetter[] = [];
    for await (const deadLetter of this.#options.deadLetters) {
      if (this.#stopped) return;
      if (!this.#options.reads(deadLetter.record.topic)) this.#options.onOther(deadLetter);
      else window.push(deadLetter);
      if (window.length < WINDOW) continue;
      await this.#deliver(window);
      window = [];
    }
    if (this.#stopped) return;
    await this.#deliver(window);
    this.#listener?.ended();
  }

  async #deliver(window: readonly DeadLetter[]): Promise<void> {
    const listener = this.#listener;
    if (window.length === 0 || listener === null) return;
    const partitions = Map.groupBy(window, ({ record }) => partitionName(record));
    const fresh = [...partitions].filter(([name]) => !this.#seen.has(name));
    for (const [name, [first]] of fresh) {
      const { topic, partition } = (first as DeadLetter).record;
      this.#seen.set(name, { topic, partition });
    }
    if (fresh.length > 0) {
      listener.assigned([...this.#seen.values()]);
      await listener.processed();
    }
    for (const deadLetters of partitions.values())
      listener.records(deadLetters.map((one) => this.#numbered(one)));
    await listener.processed();
  }

  #numbered(deadLetter: DeadLetter): DeadLetterRecord & { readonly line: number } {
    const name = partitionName(deadLetter.record);
    const offset = this.#next.get(name) ?? 0;
    this.#next.set(name, offset + 1);
    this.#line += 1;
    // A dry run prints the messages of several tasks in the order of their lines.
    const record = { ...deadLetter.record, line: this.#line };
    return { ...record, offset, deadLetter: { ...deadLetter, record } };
  }
}
