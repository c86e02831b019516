import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka as Client, logLevel } from "kafkajs";
import type { Kafka } from "../stack/kafka.ts";

/** The one member of the group, once it has its partitions. */
export async function memberOf({ brokers }: Kafka, group: string): Promise<string> {
  const admin = new Client({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
      const { groups } = await admin.describeGroups([group]);
      const [only] = groups[0]?.members ?? [];
      if (groups[0]?.state === "Stable" && only) return only.memberId;
    }
    throw new Error("the process has not joined its group");
  } finally {
    await admin.disconnect();
  }
}

/** How often the group was shared out to one member, as its coordinator tells it. */
export function generations({ logFile }: Kafka, group: string): number {
  const told = new RegExp(`Stabilized group ${group} generation \\d+ .*with 1 members`, "g");
  return readFileSync(logFile, "utf8").match(told)?.length ?? 0;
}

/** The most of the machine's memory that the process has had so far. */
export function peak_MB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_000);
}
