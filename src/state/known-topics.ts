import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CdcError, messageOf } from "../lib/errors.ts";
import { writeFileAtomically } from "../lib/files.ts";

/** Topics that a pipeline has started with. A partition that appears in one of them later has no initial results. */
export interface KnownTopics {
  has(topic: string): boolean;
  add(topics: readonly string[]): void;
}

/** A list in a file of the pipeline's directory. */
export class KnownTopicsFile implements KnownTopics {
  readonly #directory: string;
  readonly #topics: Set<string>;

  /** @throws CdcError STATE_UNREADABLE */
  constructor(directory: string) {
    this.#directory = directory;
    this.#topics = new Set(read(join(directory, "begun.json")));
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  add(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.add(topic);
    writeFileAtomically(join(this.#directory, "begun.json"), JSON.stringify([...this.#topics]));
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
