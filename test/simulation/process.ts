import type { TopicPartition } from "../../src/data/record.ts";
import { CdcError, messageOf } from "../../src/lib/errors.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { type Disk, Life } from "./life.ts";
import type { Outside } from "./outside.ts";

/** What the group has to know of a process, and who starts it again. */
export type Surroundings = {
  readonly outside: Outside;
  readonly owns: (process: Process, at: TopicPartition) => boolean;
  /** It has joined, or has left by itself. */
  readonly onMembers: () => void;
  /** It ended, for whatever reason: somebody starts it again. */
  readonly onEnd: (process: Process) => void;
};

/** One machine: its disk, and the life that runs there now, if any. */
export class Process {
  readonly name: string;
  readonly #surroundings: Surroundings;
  readonly #begun = new Set<string>();
  #stores = new Map<string, MemoryStore>();
  /** What the disk was at earlier moments. */
  readonly #copies: Map<string, MemoryStore>[] = [];
  #life: Life | null = null;
  #told: readonly number[] = [];
  #isEnding = false;

  constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
  }

  get life(): Life | null {
    return this.#life;
  }

  /** The partitions that it has, as it heard last in this life. */
  get told(): readonly number[] {
    return this.#told;
  }

  /** Runs, and has no wish to end. */
  get isMember(): boolean {
    return this.#life !== null && !this.#isEnding;
  }

  async start(): Promise<void> {
    if (this.#life) throw new Error(`${this.name} runs already`);
    const { outside, owns, onMembers } = this.#surroundings;
    outside.trace(`${this.name} starts`);
    this.#isEnding = false;
    this.#told = [];
    const life: Life = new Life({
      outside,
      disk: this.#disk(),
      holds: (at) => owns(this, at),
      // The group takes nothing from who is no member with this partition.
      commit: (at, offset) => {
        if (owns(this, at)) outside.commit(at, offset);
      },
      onFailure: (error) => this.#failed(life, error),
    });
    this.#life = life;
    await life.source.start(life.manager);
    onMembers();
  }

  /** Gone at once. Its disk has what was written. */
  crash(): void {
    const { outside, onEnd } = this.#surroundings;
    if (!this.#life) return;
    outside.trace(`${this.name} crashes`);
    this.#bury(this.#life);
    onEnd(this);
  }

  /** Ends as on SIGTERM. */
  async end(): Promise<void> {
    const { outside, onMembers, onEnd } = this.#surroundings;
    const life = this.#life;
    if (!life || this.#isEnding) return;
    outside.trace(`${this.name} ends`);
    this.#isEnding = true;
    await life.end();
    if (this.#life !== life) return;
    outside.trace(`${this.name} has ended`);
    this.#bury(life);
    onMembers();
    onEnd(this);
  }

  /** The group says which partitions it has. */
  tell(partitions: readonly TopicPartition[]): void {
    if (!this.isMember) return;
    this.#told = partitions.map(({ partition }) => partition);
    this.#surroundings.outside.trace(`${this.name} hears that it has [${this.#told}]`);
    this.#life?.source.assign(partitions);
  }

  /** Keeps what is on the disk now. */
  copyDisk(): void {
    this.#copies.push(copyOf(this.#stores));
  }

  /** Its disk becomes an empty one, or one from an earlier moment. */
  loseDisk(copy: number | null): void {
    if (this.#life) throw new Error(`${this.name} runs: its disk cannot be taken away`);
    const earlier = copy === null ? undefined : this.#copies[copy];
    this.#surroundings.outside.trace(`${this.name}'s disk is ${earlier ? `from before` : "lost"}`);
    this.#stores = earlier ? copyOf(earlier) : new Map();
  }

  get copies(): number {
    return this.#copies.length;
  }

  store({ topic, partition }: TopicPartition): MemoryStore | undefined {
    return this.#stores.get(`/state/${topic}/${partition}`);
  }

  #failed(life: Life, error: unknown): void {
    if (this.#life !== life) return;
    const { outside } = this.#surroundings;
    outside.trace(`${this.name} fails: ${messageOf(error)}`);
    // Two owners can be meant for a while; nothing else may end a process here.
    if (!(error instanceof CdcError && error.code === "FENCED"))
      outside.problems.push(`${this.name} failed: ${error instanceof Error ? error.stack : error}`);
    void this.end();
  }

  #bury(life: Life): void {
    life.die();
    this.#life = null;
    this.#isEnding = false;
    this.#stores = copyOf(this.#stores);
  }

  #disk(): Disk {
    return {
      begun: {
        has: (topic) => this.#begun.has(topic),
        add: (topics) => {
          for (const topic of topics) this.#begun.add(topic);
        },
      },
      open: (folder) => {
        const store = this.#stores.get(folder)?.reopen() ?? new MemoryStore();
        this.#stores.set(folder, store);
        return store;
      },
    };
  }
}

function copyOf(stores: ReadonlyMap<string, MemoryStore>): Map<string, MemoryStore> {
  return new Map([...stores].map(([folder, store]) => [folder, store.crashed()]));
}
