import type { Cluster } from "./cluster.ts";
import type { Dice } from "./dice.ts";
import { SERVICES } from "./weather.ts";

const CALLS = [
  "segment",
  "dead letters",
  "control",
  "changelog",
  "store",
  "commit",
  "fetch",
] as const;

const WEIGHTS = {
  crash: 3,
  "crash at a call": 6,
  end: 2,
  rebalance: 3,
  freeze: 2,
  storm: 5,
  clear: 2,
  compact: 2,
  copy: 3,
  bar: 2,
};

/** Does to the cluster what can happen to it, at times and places that the dice say. */
export async function makeFaults(cluster: Cluster, dice: Dice, within_ms: number): Promise<void> {
  const { clock, weather, changelogs, epochs } = cluster.outside;
  const count = dice.between(2, 14);
  for (let i = 0; i < count; i += 1) {
    await clock.sleep(dice.between(0, (2 * within_ms) / count));
    const running = cluster.processes.filter((process) => process.isMember);
    const fault = dice.weighted(WEIGHTS);
    const process = running.length > 0 ? dice.pick(running) : null;
    const what = dice.chance(0.7) ? dice.pick(CALLS) : null;
    const calls = dice.between(1, what === null ? 40 : 6);
    cluster.outside.trace(`fault: ${fault}${process ? ` (${process.name})` : ""}`);
    switch (fault) {
      case "crash":
        process?.crash();
        break;
      case "crash at a call": {
        const session = process?.session;
        session?.lifetime.dieIn(calls, what, () => {
          if (process?.session === session) process?.crash();
        });
        break;
      }
      case "end":
        void process?.end();
        break;
      case "rebalance":
        cluster.rebalance(dice.part());
        break;
      case "freeze":
        process?.session?.lifetime.freeze(dice.between(100, 30_000));
        break;
      case "storm":
        weather.storm(dice.pick(SERVICES), dice.pick([0.2, 0.5, 0.9]));
        break;
      case "clear":
        weather.clear();
        break;
      case "compact":
        dice.pick(changelogs).compact();
        break;
      case "copy":
        process?.copyDisk();
        break;
      case "bar":
        // As after a minute inside a transaction: Kafka gives it up, and takes no more of its producer.
        epochs.next(dice.pick(changelogs));
        break;
    }
  }
  weather.clear();
}
