import type { TopicPartition } from "../../src/data/record.ts";
import { CdcError, messageOf } from "../../src/lib/errors.ts";
import { MemoryStore } from "../support/memory-store.ts";
import type { Environment } from "./environment.ts";
import { type Disk, Session } from "./session.ts";

/** What a process needs from its cluster. */
export type ProcessContext = {
  readonly environment: Environment;
  readonly owns: (process: Process, tp: TopicPartition) => boolean;
  /** It has joined or left the group. */
  readonly onMembers: () => void;
  /** It has ended or crashed; the cluster restarts it. */
  readonly onEnd: (process: Process) => void;
};

/** One machine: its disk, and the session that runs on it, if any. */
export class Process {
  readonly name: string;
  readonly #context: ProcessContext;
  readonly #knownTopics = new Set<string>();
  #stores = new Map<string, MemoryStore>();
  /** Copies of the disk from earlier times. */
  readonly #copies: Map<string, MemoryStore>[] = [];
  #session: Session | null = null;
  #announced: readonly number[] = [];
  #isEnding = false;

  constructor(name: string, context: ProcessContext) {
    this.name = name;
    this.#context = context;
  }

  get session(): Session | null {
    return this.#session;
  }

  /** The last assignment that it received in this session. */
  get announced(): readonly number[] {
    return this.#announced;
  }

  /** It runs and is not ending. */
  get isMember(): boolean {
    return this.#session !== null && !this.#isEnding;
  }

  async start(): Promise<void> {
    if (this.#session) throw new Error(`${this.name} runs already`);
    const { environment, owns, onMembers } = this.#context;
    environment.trace(`${this.name} starts`);
    this.#isEnding = false;
    this.#announced = [];
    const session: Session = new Session({
      environment,
      disk: this.#disk(),
      isAssigned: (tp) => owns(this, tp),
      // The group rejects commits of a process without this partition.
      commit: (tp, offset) => {
        if (owns(this, tp)) environment.commit(tp, offset);
      },
      onFailure: (error) => this.#failed(session, error),
    });
    this.#session = session;
    await session.source.start(session.manager);
    onMembers();
  }

  /** Ends at once. Its disk has everything that was written. */
  crash(): void {
    const { environment, onEnd } = this.#context;
    if (!this.#session) return;
    environment.trace(`${this.name} crashes`);
    this.#discard(this.#session);
    onEnd(this);
  }

  /** Ends as on SIGTERM. */
  async end(): Promise<void> {
    const { environment, onMembers, onEnd } = this.#context;
    const session = this.#session;
    if (!session || this.#isEnding) return;
    environment.trace(`${this.name} ends`);
    this.#isEnding = true;
    await session.end();
    if (this.#session !== session) return;
    environment.trace(`${this.name} has ended`);
    this.#discard(session);
    onMembers();
    onEnd(this);
  }

  /** Receives an assignment. */
  announce(partitions: readonly TopicPartition[]): void {
    if (!this.isMember) return;
    this.#announced = partitions.map(({ partition }) => partition);
    this.#context.environment.trace(`${this.name} receives [${this.#announced}]`);
    this.#session?.source.assign(partitions);
  }

  /** Copies the disk. */
  copyDisk(): void {
    this.#copies.push(copyOf(this.#stores));
  }

  /** Replaces its disk by an empty one, or by a copy. */
  loseDisk(copy: number | null): void {
    if (this.#session) throw new Error(`${this.name} runs: its disk cannot be replaced`);
    const earlier = copy === null ? undefined : this.#copies[copy];
    this.#context.environment.trace(`${this.name}'s disk is ${earlier ? "an older copy" : "lost"}`);
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
    const { environment } = this.#context;
    environment.trace(`${this.name} fails: ${messageOf(error)}`);
    // Two processes can act as owners for a time; no other failure is allowed.
    if (!(error instanceof CdcError && error.code === "FENCED"))
      environment.problems.push(
        `${this.name} failed: ${error instanceof Error ? error.stack : error}`,
      );
    void this.end();
  }

  #discard(session: Session): void {
    session.kill();
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
