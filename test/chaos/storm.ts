import { setTimeout as sleep } from "node:timers/promises";
import type { Feed } from "./feed.ts";
import type { Machine } from "./machine.ts";
import type { Progress } from "./progress.ts";
import type { Disk, Step } from "./script.ts";
import { SESSION_TIMEOUT_MS } from "./settings.ts";

export type World = {
  readonly broker: { restart(): Promise<void>; kill(): Promise<void>; start(): Promise<void> };
  readonly machines: readonly Machine[];
  readonly feed: Feed;
  readonly progress: Progress;
  readonly random: () => number;
  readonly log: (text: string) => void;
};

export type Done = {
  kills: number;
  zombies: number;
  brokerRestarts: number;
  disksLost: number;
  disksFromBefore: number;
  scalings: number;
  /** Codes other than 0 after SIGTERM. */
  readonly badStops: string[];
};

/** A step comes when something has arrived since the last; without that the storm has stopped what it was to shake. */
const MOVES_WITHIN_MS = 180_000;

/** Once a copy is there, it is made anew with some of the ends: so copies have many ages. */
const NEW_COPY = 0.3;

/** Longer than an open transaction may last (60 s), and than kafkajs' own tries (20 s). */
const AWAY_MS = 70_000;

/** Does what a script says to the machines and their broker, while the feed goes on. */
export class Storm {
  readonly #world: World;
  readonly done: Done = {
    ...{ kills: 0, zombies: 0, brokerRestarts: 0, disksLost: 0, disksFromBefore: 0, scalings: 0 },
    badStops: [],
  };
  readonly #copied = new Set<Machine>();
  #thaws: Promise<void>[] = [];
  #isBrokerUp = true;

  constructor(world: World) {
    this.#world = world;
  }

  /** Something could go on: the broker is there, and a process that is not frozen. */
  get isUp(): boolean {
    return this.#isBrokerUp && this.#world.machines.some(({ isOn, isFrozen }) => isOn && !isFrozen);
  }

  async run(script: readonly Step[]): Promise<void> {
    const { feed, random, log, progress } = this.#world;
    for (const [i, step] of script.entries()) {
      feed.upTo((i + 1) / (script.length + 1));
      await this.#moved(random() < 0.5);
      await sleep(random() * 1_500);
      log(`${i + 1}/${script.length} ${JSON.stringify(step)}  ${progress.left} messages due`);
      await this.#take(step);
    }
    feed.upTo(1);
    await Promise.all(this.#thaws);
  }

  /** Waits until each partition has moved, or only any of them: then the next blow falls amid a recovery. */
  async #moved(each: boolean): Promise<void> {
    const { progress } = this.#world;
    const before = progress.accepted;
    const deadline = Date.now() + MOVES_WITHIN_MS;
    const hasMoved = () =>
      each
        ? progress.hasMovedSince(before)
        : progress.accepted.some((accepted, i) => accepted > (before[i] ?? 0));
    while (!hasMoved()) {
      if (Date.now() > deadline) throw new Error(`nothing arrives: ${progress.stalled}`);
      await sleep(50);
    }
  }

  async #take(step: Step): Promise<void> {
    switch (step.what) {
      case "kill":
      case "stop":
        return this.#end(step.what, step.disk);
      case "freeze":
        return this.#freeze();
      case "broker":
        return this.#breakBroker(step.how);
      case "scale":
        return this.#scale(step.to);
    }
  }

  async #end(how: "kill" | "stop", disk: Disk): Promise<void> {
    const { random } = this.#world;
    // A zombie is left to itself where there is another.
    const machine = this.#any(this.#on.filter(({ isFrozen }) => !isFrozen)) ?? this.#any(this.#on);
    if (!machine) return;
    if (how === "kill") {
      this.done.kills += 1;
      await machine.kill();
    } else await this.#stop(machine);
    if (disk === "lost") {
      this.done.disksLost += 1;
      machine.wipe();
    } else if (disk === "from before") {
      this.done.disksFromBefore += 1;
      machine.putBack();
    } else if (!this.#copied.has(machine) || random() < NEW_COPY) {
      this.#copied.add(machine);
      machine.backUp();
    }
    await sleep(random() * 1_500);
    machine.start();
  }

  async #stop(machine: Machine): Promise<void> {
    const code = await machine.stop();
    if (code !== 0) this.done.badStops.push(`${machine.name}: ${code}`);
  }

  /** Goes on meanwhile. */
  async #freeze(): Promise<void> {
    const { random } = this.#world;
    const machine = this.#any(this.#on.filter(({ isFrozen }) => !isFrozen));
    if (!machine) return;
    this.done.zombies += 1;
    machine.freeze();
    const thaw = sleep(SESSION_TIMEOUT_MS + 2_000 + random() * 6_000).then(() => machine.thaw());
    this.#thaws.push(thaw);
    if (this.#on.every(({ isFrozen }) => isFrozen)) await thaw;
  }

  async #breakBroker(how: "restart" | "kill" | "away"): Promise<void> {
    const { broker, random } = this.#world;
    this.done.brokerRestarts += 1;
    this.#isBrokerUp = false;
    if (how === "restart") await broker.restart();
    else {
      await broker.kill();
      await sleep(how === "away" ? AWAY_MS : random() * 3_000);
      await broker.start();
    }
    this.#isBrokerUp = true;
  }

  async #scale(to: number): Promise<void> {
    const { machines } = this.#world;
    this.done.scalings += 1;
    while (this.#on.length > to) await this.#stop(this.#any(this.#on) as Machine);
    for (const machine of machines) if (this.#on.length < to) machine.start();
  }

  get #on(): readonly Machine[] {
    return this.#world.machines.filter(({ isOn }) => isOn);
  }

  #any(machines: readonly Machine[]): Machine | undefined {
    return machines[Math.floor(this.#world.random() * machines.length)];
  }
}
