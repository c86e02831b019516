import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CdcError, messageOf } from "../lib/errors.ts";
import { keepFile } from "../lib/files.ts";

/** Which topics a pipeline has begun with: a partition that appears in one of them later is new, and all of it counts. */
export interface BegunTopics {
  has(topic: string): boolean;
  add(topics: readonly string[]): void;
}

/** A list in a file of the pipeline's folder. */
export class BegunTopicsFile implements BegunTopics {
  readonly #folder: string;
  readonly #topics: Set<string>;

  /** @throws CdcError STATE_UNREADABLE */
  constructor(folder: string) {
    this.#folder = folder;
    this.#topics = new Set(read(join(folder, "begun.json")));
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  add(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.add(topic);
    keepFile(join(this.#folder, "begun.json"), JSON.stringify([...this.#topics]));
  }
}

function read(file: string): readonly string[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new CdcError("STATE_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`);
  }
}
