import type { TopicPartition } from "../../src/data/record.ts";
import { CdcError, messageOf } from "../../src/lib/errors.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { type Disk, Session } from "./life.ts";
import type { Outside } from "./outside.ts";

/** What the group has to know of a process, and who starts it again. */
export type Surroundings = {
  readonly outside: Outside;
  readonly owns: (process: Process, tp: TopicPartition) => boolean;
  /** It has joined, or has left by itself. */
  readonly onMembers: () => void;
  /** It ended, for whatever reason: somebody starts it again. */
  readonly onEnd: (process: Process) => void;
};

/** One machine: its disk, and the life that runs there now, if any. */
export class Process {
  readonly name: string;
  readonly #surroundings: Surroundings;
  readonly #knownTopics = new Set<string>();
  #stores = new Map<string, MemoryStore>();
  /** What the disk was at earlier moments. */
  readonly #copies: Map<string, MemoryStore>[] = [];
  #session: Session | null = null;
  #told: readonly number[] = [];
  #isEnding = false;

  constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
  }

  get session(): Session | null {
    return this.#session;
  }

  /** The partitions that it has, as it heard last in this life. */
  get told(): readonly number[] {
    return this.#told;
  }

  /** Runs, and has no wish to end. */
  get isMember(): boolean {
    return this.#session !== null && !this.#isEnding;
  }

  async start(): Promise<void> {
    if (this.#session) throw new Error(`${this.name} runs already`);
    const { outside, owns, onMembers } = this.#surroundings;
    outside.trace(`${this.name} starts`);
    this.#isEnding = false;
    this.#told = [];
    const session: Session = new Session({
      outside,
      disk: this.#disk(),
      holds: (tp) => owns(this, tp),
      // The group takes nothing from who is no member with this partition.
      commit: (tp, offset) => {
        if (owns(this, tp)) outside.commit(tp, offset);
      },
      onFailure: (error) => this.#failed(session, error),
    });
    this.#session = session;
    await session.source.start(session.manager);
    onMembers();
  }

  /** Gone at once. Its disk has what was written. */
  crash(): void {
    const { outside, onEnd } = this.#surroundings;
    if (!this.#session) return;
    outside.trace(`${this.name} crashes`);
    this.#bury(this.#session);
    onEnd(this);
  }

  /** Ends as on SIGTERM. */
  async end(): Promise<void> {
    const { outside, onMembers, onEnd } = this.#surroundings;
    const session = this.#session;
    if (!session || this.#isEnding) return;
    outside.trace(`${this.name} ends`);
    this.#isEnding = true;
    await session.end();
    if (this.#session !== session) return;
    outside.trace(`${this.name} has ended`);
    this.#bury(session);
    onMembers();
    onEnd(this);
  }

  /** The group says which partitions it has. */
  tell(partitions: readonly TopicPartition[]): void {
    if (!this.isMember) return;
    this.#told = partitions.map(({ partition }) => partition);
    this.#surroundings.outside.trace(`${this.name} hears that it has [${this.#told}]`);
    this.#session?.source.assign(partitions);
  }

  /** Keeps what is on the disk now. */
  copyDisk(): void {
    this.#copies.push(copyOf(this.#stores));
  }

  /** Its disk becomes an empty one, or one from an earlier moment. */
  loseDisk(copy: number | null): void {
    if (this.#session) throw new Error(`${this.name} runs: its disk cannot be taken away`);
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

  #failed(session: Session, error: unknown): void {
    if (this.#session !== session) return;
    const { outside } = this.#surroundings;
    outside.trace(`${this.name} fails: ${messageOf(error)}`);
    // Two owners can be meant for a while; nothing else may end a process here.
    if (!(error instanceof CdcError && error.code === "FENCED"))
      outside.problems.push(`${this.name} failed: ${error instanceof Error ? error.stack : error}`);
    void this.end();
  }

  #bury(session: Session): void {
    session.die();
    this.#session = null;
    this.#isEnding = false;
    this.#stores = copyOf(this.#stores);
  }

  #disk(): Disk {
    return {
      knownTopics: {
        has: (topic) => this.#knownTopics.has(topic),
        add: (topics) => {
          for (const topic of topics) this.#knownTopics.add(topic);
        },
      },
      open: (directory) => {
        const store = this.#stores.get(directory)?.reopen() ?? new MemoryStore();
        this.#stores.set(directory, store);
        return store;
      },
    };
  }
}

function copyOf(stores: ReadonlyMap<string, MemoryStore>): Map<string, MemoryStore> {
  return new Map([...stores].map(([directory, store]) => [directory, store.crashed()]));
}
