import type { Cluster } from "./cluster.ts";
import { SERVICES } from "./fault-injector.ts";
import type { RandomSource } from "./random-source.ts";

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
  pause: 2,
  "service failures": 5,
  "no failures": 2,
  compact: 2,
  "copy disk": 3,
  fence: 2,
};

/** Injects random faults at random times. */
export async function injectFaults(
  cluster: Cluster,
  random: RandomSource,
  within_ms: number,
): Promise<void> {
  const { clock, injector, changelogs, epochs } = cluster.environment;
  const count = random.between(2, 14);
  for (let i = 0; i < count; i += 1) {
    await clock.sleep(random.between(0, (2 * within_ms) / count));
    const running = cluster.processes.filter((process) => process.isMember);
    const fault = random.weighted(WEIGHTS);
    const process = running.length > 0 ? random.pick(running) : null;
    const what = random.chance(0.7) ? random.pick(CALLS) : null;
    const calls = random.between(1, what === null ? 40 : 6);
    cluster.environment.trace(`fault: ${fault}${process ? ` (${process.name})` : ""}`);
    switch (fault) {
      case "crash":
        process?.crash();
        break;
      case "crash at a call": {
        const session = process?.session;
        session?.execution.killIn(calls, what, () => {
          if (process?.session === session) process?.crash();
        });
        break;
      }
      case "end":
        void process?.end();
        break;
      case "rebalance":
        cluster.rebalance(random.fraction());
        break;
      case "pause":
        process?.session?.execution.pause(random.between(100, 30_000));
        break;
      case "service failures":
        injector.setFailureRate(random.pick(SERVICES), random.pick([0.2, 0.5, 0.9]));
        break;
      case "no failures":
        injector.clear();
        break;
      case "compact":
        random.pick(changelogs).compact();
        break;
      case "copy disk":
        process?.copyDisk();
        break;
      case "fence":
        // As after a minute inside a transaction: Kafka aborts it and fences the producer.
        epochs.next(random.pick(changelogs));
        break;
    }
  }
  injector.clear();
}
