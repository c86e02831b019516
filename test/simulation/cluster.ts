import type { Settings } from "../../src/config/settings.ts";
import type { TopicPartition } from "../../src/data/record.ts";
import type { Environment } from "./environment.ts";
import { Process } from "./process.ts";

/** The processes of one pipeline, and the group that assigns the partitions to them. */
export class Cluster {
  readonly processes: readonly Process[];
  readonly environment: Environment;
  /** The process that each partition is assigned to. */
  readonly #owners: (Process | null)[];
  #isStable: boolean;
  #isOver = false;

  constructor(environment: Environment, processes: number, isStable: boolean) {
    this.environment = environment;
    this.#isStable = isStable;
    this.#owners = environment.data.map(() => null);
    this.processes = Array.from({ length: processes }, (_, i) => {
      return new Process("ABC"[i] ?? `process ${i}`, {
        environment,
        owns: (process, { partition }) => this.#owners[partition] === process,
        onMembers: () => this.rebalance(),
        onEnd: (process) => void this.#restart(process),
      });
    });
  }

  /** Assigns the partitions of processes that have left, and moves some of the others. */
  rebalance(moves = 0.3): void {
    if (this.#isOver) return;
    const { random } = this.environment.injector;
    const members = this.processes.filter((process) => process.isMember);
    const revoked = new Set<Process>();
    this.#owners.forEach((owner, partition) => {
      if (owner?.isMember && !random.chance(this.#isStable ? 0 : moves)) return;
      const next = members.length > 0 ? random.pick(members) : null;
      if (owner !== null && owner !== next) revoked.add(owner);
      this.#owners[partition] = next;
    });
    const names = this.#owners.map((owner) => owner?.name ?? "-");
    this.environment.trace(`the group assigns ${names.join(" ")}`);
    for (const member of members) void this.#announce(member, revoked.has(member));
  }

  /** Crashes every process; each restarts with other settings. */
  reconfigure(settings: Settings): void {
    this.environment.trace("new settings");
    this.environment.settings = settings;
    for (const process of this.processes) process.crash();
  }

  /** The process that the partition is assigned to. */
  owner({ partition }: TopicPartition): Process | null {
    return this.#owners[partition] ?? null;
  }

  /** From now on assignments are announced on time and ended processes restart at once. */
  stabilize(): void {
    this.#isStable = true;
    for (const { session } of this.processes) session?.execution.cancelKill();
    this.rebalance();
  }

  /** A process is paused, is ending, or has not received its current assignment. */
  get isProcessOutdated(): boolean {
    return this.processes.some((process) => {
      const { session, announced } = process;
      if (session === null) return false;
      const owned = this.environment.data.flatMap(({ tp }) =>
        this.owner(tp) === process ? [tp.partition] : [],
      );
      return !process.isMember || session.execution.isPaused || String(announced) !== String(owned);
    });
  }

  /** All records are processed and durable, also in the store of each owner. */
  get isDone(): boolean {
    return this.environment.isDone && this.environment.data.every(({ tp }) => this.#isStored(tp));
  }

  #isStored(tp: TopicPartition): boolean {
    const owner = this.owner(tp);
    const stored = owner?.isMember && new Map(owner.store(tp)?.entries()).get("p");
    return (
      !!stored &&
      stored.equals(this.environment.changelogs[tp.partition]?.contents().get("p") ?? NONE)
    );
  }

  /** Ends all processes for good. */
  async end(): Promise<void> {
    const { clock } = this.environment;
    this.#isOver = true;
    for (const process of this.processes) void process.end();
    while (this.processes.some(({ session }) => session !== null)) await clock.sleep(100);
  }

  /** A process that loses a partition may learn of it late, and acts as its owner until then. */
  async #announce(member: Process, isRevoked: boolean): Promise<void> {
    const { injector, clock } = this.environment;
    const { random } = injector;
    const { session } = member;
    const isLate = isRevoked && !this.#isStable && random.chance(0.4);
    await clock.sleep(isLate ? random.between(500, 40_000) : injector.delay_ms());
    if (member.session !== session) return;
    member.announce(
      this.environment.data.map(({ tp }) => tp).filter((tp) => this.owner(tp) === member),
    );
    // Other processes may take over what it is opening.
    if (this.#isStable || !random.chance(0.15)) return;
    await clock.sleep(random.between(0, 1_500));
    if (member.session === session) session?.execution.pause(random.between(500, 30_000));
  }

  async #restart(process: Process): Promise<void> {
    const { injector, clock } = this.environment;
    const { random } = injector;
    if (this.#isOver) return;
    // The group waits for a crashed member; if it restarts before, it still has its partitions.
    const noticed = this.#isStable ? 0 : random.between(0, 10_000);
    void clock.sleep(noticed).then(() => {
      if (process.session === null && !this.#isOver) this.rebalance(0);
    });
    await clock.sleep(this.#isStable ? 100 : random.between(0, 20_000));
    if (this.#isOver || process.session !== null) return;
    if (!this.#isStable && random.chance(0.25)) {
      const copies = process.copies;
      process.loseDisk(copies > 0 && random.chance(0.6) ? random.between(0, copies - 1) : null);
    }
    await process.start();
  }
}

const NONE = Buffer.alloc(0);
