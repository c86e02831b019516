import { once } from "node:events";
import type { RecordedRecord } from "../data/recorded-line.ts";
import type { OutgoingMessage, OutgoingQueue } from "../deliver/outgoing.ts";
import type { SourceListener } from "../source/source.ts";

/**
 * Stands for the lanes of all tasks and prints instead of sending. Tasks work side by side, so what a window of lines
 * gave is put into the order of its lines before it is printed.
 */
export class PrintQueue implements OutgoingQueue {
  #window: OutgoingMessage[] = [];
  #pushed = 0;

  get pushed(): number {
    return this.#pushed;
  }

  push(messages: readonly OutgoingMessage[]): void {
    this.#window.push(...messages);
    this.#pushed += messages.length;
  }

  /** The listener, each window of which is printed once it is processed. */
  printing(listener: SourceListener): SourceListener {
    return {
      assigned: (partitions) => listener.assigned(partitions),
      records: (records) => listener.records(records),
      processed: () => listener.processed().then(() => this.flush()),
      ended: () => listener.ended(),
      failed: (error) => listener.failed(error),
    };
  }

  /** Prints what the window gave. */
  async flush(): Promise<void> {
    const line = ({ record }: OutgoingMessage) => (record as RecordedRecord).line;
    const window = this.#window.toSorted((a, b) => line(a) - line(b));
    this.#window = [];
    if (window.length > 0) await print(window.map(({ text }) => `${text}\n`).join(""));
  }

  async room(): Promise<void> {}

  async settled(): Promise<void> {}

  close(): void {}
}

/** Waits for a reader that is slower than we are. One that has left, such as `head`, ends the command. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
