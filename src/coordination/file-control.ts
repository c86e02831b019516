import { createReadStream, existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { FileJournal } from "../journal/file-journal.ts";
import type { Journal } from "../journal/journal.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import { SerialQueue } from "../lib/serial-queue.ts";
import type { Control, ControlBatch } from "./control.ts";
import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
} from "./control-message.ts";

/** The control log in a pipeline's state directory. */
export function fileControl(directory: string): FileControl {
  const path = join(directory, "control.ndjson");
  return new FileControl(
    path,
    new FileJournal(path, { code: "STATE_UNWRITABLE", what: "the control log" }),
  );
}

/**
 * The control log of a single process, for recorded input: a file with one message per line. A message is delivered to
 * all listeners before `send` resolves, so that a recorded input always has the same result.
 */
export class FileControl implements Control {
  readonly #path: string;
  readonly #journal: Journal;
  readonly #inboxes = new Map<string, (batch: ControlBatch) => void>();
  /** Serial, so that a new listener neither misses a message nor receives one twice. */
  readonly #queue = new SerialQueue();
  #lines: number | null = null;

  /** @param journal appends to the file at `path` */
  constructor(path: string, journal: Journal) {
    this.#path = path;
    this.#journal = journal;
  }

  send(messages: readonly ControlMessage[]): Promise<void> {
    return this.#queue.run(async () => {
      this.#lines ??= await this.#read(Number.POSITIVE_INFINITY, () => {});
      await this.#journal.append(
        messages.map((message) => ({
          key: null,
          value: encodeControlMessage(message),
          headers: {},
        })),
      );
      this.#lines += messages.length;
      for (const inbox of this.#inboxes.values()) inbox({ messages, next: this.#lines });
    });
  }

  listen(name: string, from: number, inbox: (batch: ControlBatch) => void): Promise<void> {
    return this.#queue.run(async () => {
      this.#lines = await this.#read(from, inbox);
      this.#inboxes.set(name, inbox);
    });
  }

  unlisten(name: string): void {
    this.#inboxes.delete(name);
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#journal.close();
  }

  /** Delivers the lines from `from` on. @returns how many lines there are */
  async #read(from: number, inbox: (batch: ControlBatch) => void): Promise<number> {
    if (!existsSync(this.#path)) return 0;
    let lines = 0;
    try {
      if (this.#lines === null) truncatePartialLine(this.#path);
      for await (const line of createInterface({ input: createReadStream(this.#path) })) {
        lines += 1;
        if (lines <= from) continue;
        const message = decodeControlMessage(Buffer.from(line), `line ${lines} of ${this.#path}`);
        inbox({ messages: [message], next: lines });
      }
    } catch (error) {
      if (error instanceof CdcError) throw error;
      throw new CdcError("STATE_UNREADABLE", `${this.#path} cannot be read: ${messageOf(error)}`);
    }
    return lines;
  }
}

/** A process killed during a write leaves a partial line. Nothing has read past it, and its message is sent again. */
function truncatePartialLine(path: string): void {
  const bytes = readFileSync(path);
  truncateSync(path, bytes.lastIndexOf("\n") + 1);
}
