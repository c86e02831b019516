import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log, LogEntry } from "./log.ts";

/** A file of lines, one for each entry's value. Made with its first entry. */
export class FileLog implements Log {
  readonly #path: string;
  #file: Promise<FileHandle> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  async append(entries: readonly LogEntry[]): Promise<void> {
    this.#file ??= this.#open();
    const file = await this.#file;
    await file.appendFile(
      entries.map(({ value }) => `${value?.toString("utf8") ?? ""}\n`).join(""),
    );
    await file.datasync();
  }

  async close(): Promise<void> {
    await (await this.#file)?.close();
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    return open(this.#path, "a");
  }
}
