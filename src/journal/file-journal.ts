import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { CdcError, type ErrorCode, messageOf } from "../lib/errors.ts";
import { makeFolder } from "../lib/files.ts";
import { InTurn } from "../lib/serial-queue.ts";
import type { Log, LogEntry } from "./journal.ts";

/** What the file holds, for the error where it cannot be written. */
export type FileLogContent = { readonly code: ErrorCode; readonly what: string };

const DEAD_LETTERS: FileLogContent = { code: "DEAD_LETTERS_UNWRITABLE", what: "dead letters" };

/** A file of lines, one for each entry's value. Made with its first entry. */
export class FileLog implements Log {
  readonly #path: string;
  readonly #content: FileLogContent;
  #file: Promise<FileHandle> | null = null;
  /** One after the other: what is cut off after a failure is its own. */
  readonly #turns = new InTurn();

  constructor(path: string, content: FileLogContent = DEAD_LETTERS) {
    this.#path = path;
    this.#content = content;
  }

  /** Rejects with a CdcError of its content's code: a file that cannot be written now will not be later. */
  append(entries: readonly LogEntry[]): Promise<void> {
    return this.#turns.do(() => this.#append(entries));
  }

  async close(): Promise<void> {
    await this.#turns.idle();
    await this.#file?.then((file) => file.close()).catch(() => {});
  }

  async #append(entries: readonly LogEntry[]): Promise<void> {
    const { code, what } = this.#content;
    try {
      this.#file ??= this.#open();
      const file = await this.#file;
      const lines = entries.map(
        ({ value }) => `${value?.toString("utf8") ?? ""}
`,
      );
      await appendWhole(file, lines.join(""));
    } catch (error) {
      throw new CdcError(
        code,
        `${what} cannot be written to ${this.#path}: ${messageOf(error)}. Make room there, or let this user write, and start again: nothing is lost`,
      );
    }
  }

  async #open(): Promise<FileHandle> {
    makeFolder(dirname(this.#path));
    return open(this.#path, "a");
  }
}

/** A disk that becomes full takes a part: half a line would spoil the one that comes after it. */
async function appendWhole(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.appendFile(text);
    await file.datasync();
  } catch (error) {
    await file.truncate(size).catch(() => {});
    throw error;
  }
}
