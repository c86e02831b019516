import { partitionName, type TopicPartition } from "../../data/record.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { MemberPartition } from "./sticky-assignment.ts";

/** A partition with state on this disk; `position` says how far the state goes and is comparable between processes. */
export type LocalState = TopicPartition & { readonly position: number };

/** Sent with each join: the partitions that this process owns, and those that it has state of. */
export type MemberMetadata = {
  readonly owned: () => readonly TopicPartition[];
  readonly localStates: () => readonly LocalState[];
};

/** The form in which the leader receives it. */
type UserData = {
  readonly version: 1;
  readonly topics: { readonly [topic: string]: readonly Entry[] };
};
type Entry = readonly [partition: number, position: number | null, owned: 0 | 1];

/**
 * The broker stores a group with the metadata of all members in one record of at most 1 MB: 2,000 partitions take about
 * 45 KB. Owned partitions come first, then those with the furthest state.
 */
const MAX_PARTITIONS = 2_000;

/** Only partitions of subscribed topics. If the disk cannot be read, the member joins without local state. */
export function encodeMemberMetadata(
  { owned, localStates }: MemberMetadata,
  subscribed: readonly string[],
  log: Logger,
): Buffer {
  const all = new Map<string, MemberPartition>();
  try {
    for (const tp of localStates()) all.set(partitionName(tp), { ...tp, owned: false });
  } catch (error) {
    log.warn({ error: messageOf(error) }, "local state cannot be read; joining without it");
  }
  for (const tp of owned()) {
    const { topic, partition } = tp;
    const position = all.get(partitionName(tp))?.position ?? null;
    all.set(partitionName(tp), { topic, partition, position, owned: true });
  }
  const published = [...all.values()]
    .filter(({ topic }) => subscribed.includes(topic))
    .sort((a, b) => Number(b.owned) - Number(a.owned) || (b.position ?? -1) - (a.position ?? -1))
    .slice(0, MAX_PARTITIONS);
  const topics = [...Map.groupBy(published, ({ topic }) => topic)].map(([topic, list]) => [
    topic,
    list.map(({ partition, position, owned }): Entry => [partition, position, owned ? 1 : 0]),
  ]);
  const data: UserData = { version: 1, topics: Object.fromEntries(topics) };
  return Buffer.from(JSON.stringify(data));
}

/** Metadata that cannot be read, or has another version, is that of a member without state. */
export function decodeMemberMetadata(bytes: Buffer | null): readonly MemberPartition[] {
  try {
    const { version, topics } = JSON.parse(String(bytes)) as UserData;
    if (version !== 1) return [];
    return Object.entries(topics).flatMap(([topic, list]) => {
      if (!list.every(isEntry)) return [];
      return list.map(([partition, position, owned]) => ({
        ...{ topic, partition, position },
        owned: owned === 1,
      }));
    });
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value)) return false;
  const [partition, position, owned] = value;
  const isPosition = position === null || Number.isFinite(position);
  return Number.isInteger(partition) && isPosition && (owned === 0 || owned === 1);
}
