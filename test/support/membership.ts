import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka as Client, logLevel } from "kafkajs";
import type { Kafka } from "../stack/kafka.ts";

/** The only member of the group, after the rebalance. */
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

/** The number of rebalances to a single member, from the log of the coordinator. */
export function generations({ logFile }: Kafka, group: string): number {
  const line = new RegExp(`Stabilized group ${group} generation \\d+ .*with 1 members`, "g");
  return readFileSync(logFile, "utf8").match(line)?.length ?? 0;
}

/** The peak resident memory of the process. */
export function peak_MB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_000);
}
