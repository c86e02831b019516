import { createReadStream, existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { FileLog } from "../journal/file-journal.ts";
import type { Log } from "../journal/journal.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import { InTurn } from "../lib/serial-queue.ts";
import type { Control, Delivery } from "./control.ts";
import { decodeLetter, encodeLetter, type Letter } from "./control-message.ts";

/** The control log in the folder of a pipeline's state. */
export function fileControl(folder: string): FileControl {
  const path = join(folder, "control.ndjson");
  return new FileControl(
    path,
    new FileLog(path, { code: "STATE_UNWRITABLE", what: "what the tasks tell each other" }),
  );
}

/**
 * The control log of one process alone, for recorded input: a file of one letter a line. A letter is delivered to all
 * who listen before `send` resolves, so that a recorded input gives the same every time.
 */
export class FileControl implements Control {
  readonly #path: string;
  readonly #log: Log;
  readonly #inboxes = new Map<string, (delivery: Delivery) => void>();
  /** One thing at a time: who begins to listen misses nothing, and gets nothing twice. */
  readonly #turns = new InTurn();
  #lines: number | null = null;

  /** @param log appends to the file at `path` */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  send(letters: readonly Letter[]): Promise<void> {
    return this.#turns.do(async () => {
      this.#lines ??= await this.#read(Number.POSITIVE_INFINITY, () => {});
      await this.#log.append(
        letters.map((letter) => ({ key: null, value: encodeLetter(letter), headers: {} })),
      );
      this.#lines += letters.length;
      for (const inbox of this.#inboxes.values()) inbox({ letters, next: this.#lines });
    });
  }

  listen(name: string, from: number, inbox: (delivery: Delivery) => void): Promise<void> {
    return this.#turns.do(async () => {
      this.#lines = await this.#read(from, inbox);
      this.#inboxes.set(name, inbox);
    });
  }

  unlisten(name: string): void {
    this.#inboxes.delete(name);
  }

  async close(): Promise<void> {
    await this.#turns.idle();
    await this.#log.close();
  }

  /** Delivers the lines from `from` on. @returns how many lines there are */
  async #read(from: number, inbox: (delivery: Delivery) => void): Promise<number> {
    if (!existsSync(this.#path)) return 0;
    let lines = 0;
    try {
      if (this.#lines === null) cutUnfinished(this.#path);
      for await (const line of createInterface({ input: createReadStream(this.#path) })) {
        lines += 1;
        if (lines <= from) continue;
        const letter = decodeLetter(Buffer.from(line), `line ${lines} of ${this.#path}`);
        inbox({ letters: [letter], next: lines });
      }
    } catch (error) {
      if (error instanceof CdcError) throw error;
      throw new CdcError("STATE_UNREADABLE", `${this.#path} cannot be read: ${messageOf(error)}`);
    }
    return lines;
  }
}

/** A process that was killed while it wrote leaves half a line: nobody went past it, and it is written again. */
function cutUnfinished(path: string): void {
  const bytes = readFileSync(path);
  truncateSync(path, bytes.lastIndexOf("\n") + 1);
}
