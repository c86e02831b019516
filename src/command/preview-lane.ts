import type { LaneMessage } from "../deliver/lane.ts";
import type { OrderedLane } from "../deliver/ordered-lane.ts";
import type { RecordedRecord } from "../recorded-line.ts";

/**
 * Stands for the lanes of all tasks and prints instead of sending. Tasks work side by side, so what a window of lines
 * gave is put into the order of its lines before it is printed.
 */
export class PreviewLane implements OrderedLane {
  readonly #print: (text: string) => Promise<void>;
  #window: LaneMessage[] = [];
  #pushed = 0;

  constructor(print: (text: string) => Promise<void>) {
    this.#print = print;
  }

  get pushed(): number {
    return this.#pushed;
  }

  push(messages: readonly LaneMessage[]): void {
    this.#window.push(...messages);
    this.#pushed += messages.length;
  }

  /** Prints what the window gave. */
  async flush(): Promise<void> {
    const line = ({ record }: LaneMessage) => (record as RecordedRecord).line;
    const window = this.#window.toSorted((a, b) => line(a) - line(b));
    this.#window = [];
    if (window.length > 0) await this.#print(window.map(({ text }) => `${text}\n`).join(""));
  }

  async room(): Promise<void> {}

  async settled(): Promise<void> {}

  close(): void {}
}
