import type { Settings } from "../../src/config/settings.ts";
import type { TopicPartition } from "../../src/data/record.ts";
import type { Outside } from "./outside.ts";
import { Process } from "./process.ts";

/** The processes of one pipeline, and the group that spreads the partitions over them. */
export class Cluster {
  readonly processes: readonly Process[];
  readonly outside: Outside;
  /** Who has each partition in the eyes of the group. */
  readonly #owners: (Process | null)[];
  #isCalm: boolean;
  #isOver = false;

  constructor(outside: Outside, processes: number, isCalm: boolean) {
    this.outside = outside;
    this.#isCalm = isCalm;
    this.#owners = outside.data.map(() => null);
    this.processes = Array.from({ length: processes }, (_, i) => {
      return new Process("ABC"[i] ?? `process ${i}`, {
        outside,
        owns: (process, { partition }) => this.#owners[partition] === process,
        onMembers: () => this.rebalance(),
        onEnd: (process) => void this.#revive(process),
      });
    });
  }

  /** The members, and the partitions of those that are gone, are looked at anew; some partitions move. */
  rebalance(moves = 0.3): void {
    if (this.#isOver) return;
    const { dice } = this.outside.weather;
    const members = this.processes.filter((process) => process.isMember);
    const losers = new Set<Process>();
    this.#owners.forEach((owner, partition) => {
      if (owner?.isMember && !dice.chance(this.#isCalm ? 0 : moves)) return;
      const next = members.length > 0 ? dice.pick(members) : null;
      if (owner !== null && owner !== next) losers.add(owner);
      this.#owners[partition] = next;
    });
    const names = this.#owners.map((owner) => owner?.name ?? "-");
    this.outside.trace(`the group gives ${names.join(" ")}`);
    for (const member of members) void this.#tell(member, losers.has(member));
  }

  /** Every process is gone at once, and starts with other settings. */
  reconfigure(settings: Settings): void {
    this.outside.trace("other settings");
    this.outside.settings = settings;
    for (const process of this.processes) process.crash();
  }

  /** Which process has the partition. */
  owner({ partition }: TopicPartition): Process | null {
    return this.#owners[partition] ?? null;
  }

  /** From here on nobody is told late, and who has ended is started again at once. */
  calm(): void {
    this.#isCalm = true;
    for (const { session } of this.processes) session?.lifetime.disarm();
    this.rebalance();
  }

  /** A process stands still, ends, or has not heard yet which partitions it has now. */
  get isSomebodyBehind(): boolean {
    return this.processes.some((process) => {
      const { session, told } = process;
      if (session === null) return false;
      const owned = this.outside.data.flatMap(({ tp }) =>
        this.owner(tp) === process ? [tp.partition] : [],
      );
      return !process.isMember || session.lifetime.isFrozen || String(told) !== String(owned);
    });
  }

  /** Every partition has a process, and in its store all that its log holds. */
  get isDone(): boolean {
    return this.outside.isDone && this.outside.data.every(({ tp }) => this.#isAt(tp));
  }

  #isAt(tp: TopicPartition): boolean {
    const owner = this.owner(tp);
    const kept = owner?.isMember && new Map(owner.store(tp)?.entries()).get("p");
    return (
      !!kept && kept.equals(this.outside.changelogs[tp.partition]?.contents().get("p") ?? NONE)
    );
  }

  /** Ends all of them, once and for all. */
  async end(): Promise<void> {
    const { clock } = this.outside;
    this.#isOver = true;
    for (const process of this.processes) void process.end();
    while (this.processes.some(({ session }) => session !== null)) await clock.sleep(100);
  }

  /** Who loses something may hear of it late: until then it goes on as if it were the owner. */
  async #tell(member: Process, isLoser: boolean): Promise<void> {
    const { weather, clock } = this.outside;
    const { dice } = weather;
    const { session } = member;
    const isLate = isLoser && !this.#isCalm && dice.chance(0.4);
    await clock.sleep(isLate ? dice.between(500, 40_000) : weather.delay_ms());
    if (member.session !== session) return;
    member.tell(this.outside.data.map(({ tp }) => tp).filter((tp) => this.owner(tp) === member));
    // Others may take over what it is about to open.
    if (this.#isCalm || !dice.chance(0.15)) return;
    await clock.sleep(dice.between(0, 1_500));
    if (member.session === session) session?.lifetime.freeze(dice.between(500, 30_000));
  }

  async #revive(process: Process): Promise<void> {
    const { weather, clock } = this.outside;
    const { dice } = weather;
    if (this.#isOver) return;
    // The group waits a while for one that crashed; one that is back before has its partitions still.
    const noticed = this.#isCalm ? 0 : dice.between(0, 10_000);
    void clock.sleep(noticed).then(() => {
      if (process.session === null && !this.#isOver) this.rebalance(0);
    });
    await clock.sleep(this.#isCalm ? 100 : dice.between(0, 20_000));
    if (this.#isOver || process.session !== null) return;
    if (!this.#isCalm && dice.chance(0.25)) {
      const copies = process.copies;
      process.loseDisk(copies > 0 && dice.chance(0.6) ? dice.between(0, copies - 1) : null);
    }
    await process.start();
  }
}

const NONE = Buffer.alloc(0);
