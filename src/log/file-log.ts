import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { CdcError, messageOf } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import type { Log, LogEntry } from "./log.ts";

/** A file of lines, one for each entry's value. Made with its first entry. */
export class FileLog implements Log {
  readonly #path: string;
  #file: Promise<FileHandle> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws CdcError DEAD_LETTERS_UNWRITABLE: a file that cannot be written now will not be later */
  async append(entries: readonly LogEntry[]): Promise<void> {
    try {
      this.#file ??= this.#open();
      const file = await this.#file;
      const lines = entries.map(
        ({ value }) => `${value?.toString("utf8") ?? ""}
`,
      );
      await file.appendFile(lines.join(""));
      await file.datasync();
    } catch (error) {
      throw new CdcError(
        "DEAD_LETTERS_UNWRITABLE",
        `dead letters cannot be written to ${this.#path}: ${messageOf(error)}`,
      );
    }
  }

  async close(): Promise<void> {
    await this.#file?.then((file) => file.close()).catch(() => {});
  }

  async #open(): Promise<FileHandle> {
    makeFolder(dirname(this.#path));
    return open(this.#path, "a");
  }
}
