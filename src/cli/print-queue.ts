import { once } from "node:events";
import type { RecordedRecord } from "../data/recorded-line.ts";
import type { OutgoingMessage, OutgoingQueue } from "../deliver/outgoing.ts";
import type { SourceListener } from "../source/source.ts";

/**
 * The delivery queue of all tasks that prints instead of sending. Tasks run in parallel, so the messages of a window of
 * lines are printed in the order of the lines.
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

  /** The listener; the messages of each window are printed when the window is processed. */
  printing(listener: SourceListener): SourceListener {
    return {
      assigned: (partitions) => listener.assigned(partitions),
      records: (records) => listener.records(records),
      processed: () => listener.processed().then(() => this.flush()),
      ended: () => listener.ended(),
      failed: (error) => listener.failed(error),
    };
  }

  /** Prints the messages of the window. */
  async flush(): Promise<void> {
    const line = ({ record }: OutgoingMessage) => (record as RecordedRecord).line;
    const window = this.#window.toSorted((a, b) => line(a) - line(b));
    this.#window = [];
    if (window.length > 0) await print(window.map(({ text }) => `${text}\n`).join(""));
  }

  async waitForSpace(): Promise<void> {}

  async settled(): Promise<void> {}

  close(): void {}
}

/** Waits for a slow reader of stdout. A reader that has exited, such as `head`, ends the command. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
