/** What is left of a machine's disk when its process starts again. */
export type Disk = "kept" | "lost" | "from before";

/** One thing that goes wrong, or is done to the pipeline by those who run it. */
export type Step =
  | { readonly what: "kill" | "stop"; readonly disk: Disk }
  /** Stopped for longer than the group waits, and continued: a zombie. */
  | { readonly what: "freeze" }
  | { readonly what: "broker"; readonly how: "restart" | "kill" | "away" }
  | { readonly what: "scale"; readonly to: number };

const kill = (disk: Disk = "kept"): Step => ({ what: "kill", disk });
const stop = (disk: Disk = "kept"): Step => ({ what: "stop", disk });
const scale = (to: number): Step => ({ what: "scale", to });
const FREEZE: Step = { what: "freeze" };
const RESTART: Step = { what: "broker", how: "restart" };
const CRASH: Step = { what: "broker", how: "kill" };
const AWAY: Step = { what: "broker", how: "away" };

/** 32 kills, 5 zombies, 4 broker restarts; one process, three, two, three, one. */
export function fullScript(random: () => number): readonly Step[] {
  const alone = [kill(), kill("lost"), FREEZE, RESTART, kill(), stop(), kill("from before")];
  const three = [
    ...Array.from({ length: 12 }, () => kill()),
    ...[kill("lost"), kill("lost"), kill("from before"), kill("from before")],
    ...[FREEZE, FREEZE, FREEZE, CRASH, AWAY, stop(), stop("lost")],
  ];
  const two = [kill(), kill(), kill("lost"), FREEZE, RESTART, kill()];
  const end = [kill(), kill("lost"), stop(), kill("from before"), kill(), kill()];
  return [
    ...shuffled(alone, random),
    scale(3),
    ...shuffled(three, random),
    scale(2),
    ...shuffled(two, random),
    scale(3),
    ...shuffled([kill(), kill(), kill("lost")], random),
    scale(1),
    ...shuffled(end, random),
  ];
}

/** A minute's worth: 6 kills, one with its disk, one zombie, one process, three, one. */
export function smallScript(): readonly Step[] {
  return [
    kill(),
    scale(3),
    ...[kill(), FREEZE, kill("lost"), kill()],
    scale(1),
    ...[kill("from before"), kill()],
  ];
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}
