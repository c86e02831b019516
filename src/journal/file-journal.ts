import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { CdcError, type ErrorCode, messageOf } from "../lib/errors.ts";
import { makeDirectory } from "../lib/files.ts";
import { SerialQueue } from "../lib/serial-queue.ts";
import type { Journal, JournalEntry } from "./journal.ts";

/** Names the entries in the error if the file cannot be written. */
export type FileJournalContent = { readonly code: ErrorCode; readonly what: string };

const DEAD_LETTERS: FileJournalContent = { code: "DEAD_LETTERS_UNWRITABLE", what: "dead letters" };

/** A file with one line per entry, its value. It is created with the first entry. */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #content: FileJournalContent;
  #file: Promise<FileHandle> | null = null;
  /** One append at a time: a failed one truncates the file to where it started. */
  readonly #queue = new SerialQueue();

  constructor(path: string, content: FileJournalContent = DEAD_LETTERS) {
    this.#path = path;
    this.#content = content;
  }

  /** Rejects with a CdcError of its content's code, which is not retried: a full disk does not pass by itself. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    return this.#queue.run(() => this.#append(entries));
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#file?.then((file) => file.close()).catch(() => {});
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    const { code, what } = this.#content;
    try {
      this.#file ??= this.#open();
      const file = await this.#file;
      const lines = entries.map(({ value }) => `${value?.toString("utf8") ?? ""}\n`);
      await appendWhole(file, lines.join(""));
    } catch (error) {
      throw new CdcError(
        code,
        `${what} cannot be written to ${this.#path}: ${messageOf(error)}. Free disk space, or grant this user write access, and restart: nothing is lost`,
      );
    }
  }

  async #open(): Promise<FileHandle> {
    makeDirectory(dirname(this.#path));
    return open(this.#path, "a");
  }
}

/** A disk that becomes full takes a part of the text, and half a line would break the next one. */
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
