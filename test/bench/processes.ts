import { readFileSync } from "node:fs";
import { startStack } from "../stack/stack.ts";
import { schemaless } from "./format.ts";
import type { Ground, Peer } from "./ground.ts";
import { type Measured, measure } from "./measure.ts";
import { startService } from "./service.ts";
import { produceToTopic } from "./topic.ts";

/** So many processes in one group, and how much of the machine they left. */
export type Group = {
  readonly processes: number;
  readonly rounds: readonly Measured[];
  /** Idle share of the cores, with the broker and the mock Segment server running. */
  readonly idle: number;
};

/** All members join within it, so that none begins alone. */
const JOIN_WITHIN_MS = 3_000;

/** One process and two over the same feed, on a broker of their own that waits for both to join. */
export async function measureProcesses(ground: Ground, rounds: number): Promise<readonly Group[]> {
  const properties = { "group.initial.rebalance.delay.ms": String(JOIN_WITHIN_MS) };
  const stack = await startStack({ kafka: { properties } });
  try {
    const broker = stack.kafka.brokers[0] as string;
    await produceToTopic([broker], schemaless, ground);
    const groups = [1, 2].map((processes) => ({
      processes,
      rounds: [] as Measured[],
      idles: [] as number[],
    }));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { processes, rounds, idles } of groups) {
        const peer = groupOf(processes, (idle) => idles.push(idle));
        const found = await measure(peer, { ...ground, broker }, `processes-${processes}-${round}`);
        rounds.push(found);
        console.error(
          `round ${round}  ${Math.round(found.records_s)} records/s  processes in the group: ${processes}`,
        );
      }
    }
    return groups.map(({ processes, rounds, idles }) => ({
      processes,
      rounds,
      idle: idles.reduce((total, one) => total + one, 0) / idles.length,
    }));
  } finally {
    await stack.stop();
  }
}

function groupOf(processes: number, onIdle: (idle: number) => void): Peer {
  const messages = (ground: Ground) => ground.messages.changes;
  return {
    id: `processes-${processes}`,
    name: `cdc-to-segment run, ${processes} processes`,
    format: "schemaless",
    messages,
    start: (ground, name) => {
      const instances = Array.from({ length: processes }, (_, i) => `-${i}`);
      const children = instances.map((instance) => startService(ground, { name, instance }));
      // Its broker has every group wait for members, those that each process reads the control topic with too.
      const started = ground.segment.more(1);
      const ended = ground.segment.more(messages(ground));
      started.then(() => {
        const idle = idleSince();
        ended.then(() => onIdle(idle()));
      });
      return { children, started, ended };
    },
  };
}

/** The part of the time since then in which the machine's cores were idle. */
function idleSince(): () => number {
  const before = coreTimes();
  return () => {
    const now = coreTimes();
    return (now.idle - before.idle) / (now.all - before.all);
  };
}

function coreTimes(): { readonly idle: number; readonly all: number } {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    idle: (times[3] as number) + (times[4] as number),
    all: times.reduce((total, time) => total + time, 0),
  };
}
