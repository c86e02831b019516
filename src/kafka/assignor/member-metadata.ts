import { partitionName, type TopicPartition } from "../../data/record.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { MemberPartition } from "./sticky-assignment.ts";

/** A partition whose state this process has, and how far it goes by a measure that processes can compare. */
export type LocalState = TopicPartition & { readonly position: number };

/** What a process says of itself with each join: what it owns, and which state it has. */
export type MemberMetadata = {
  readonly owned: () => readonly TopicPartition[];
  readonly localStates: () => readonly LocalState[];
};

/** As it goes to the leader. */
type UserData = {
  readonly version: 1;
  readonly topics: { readonly [topic: string]: readonly Entry[] };
};
type Entry = readonly [partition: number, position: number | null, owned: 0 | 1];

/**
 * The broker keeps a group, with what all its members say, in one record of at most 1 MB: 2,000 partitions take some
 * 45 KB. What is owned, and then what goes the furthest, is said first.
 */
const SAID_AT_MOST = 2_000;

/** Of the topics subscribed to. A disk that cannot be looked at costs the preference, not the join. */
export function encodeMemberMetadata(
  { owned, localStates }: MemberMetadata,
  subscribed: readonly string[],
  log: Logger,
): Buffer {
  const all = new Map<string, MemberPartition>();
  try {
    for (const tp of localStates()) all.set(partitionName(tp), { ...tp, owned: false });
  } catch (error) {
    log.warn({ error: messageOf(error) }, "cannot tell the group which state is here");
  }
  for (const tp of owned()) {
    const { topic, partition } = tp;
    const position = all.get(partitionName(tp))?.position ?? null;
    all.set(partitionName(tp), { topic, partition, position, owned: true });
  }
  const said = [...all.values()]
    .filter(({ topic }) => subscribed.includes(topic))
    .sort((a, b) => Number(b.owned) - Number(a.owned) || (b.position ?? -1) - (a.position ?? -1))
    .slice(0, SAID_AT_MOST);
  const topics = [...Map.groupBy(said, ({ topic }) => topic)].map(([topic, list]) => [
    topic,
    list.map(({ partition, position, owned }): Entry => [partition, position, owned ? 1 : 0]),
  ]);
  const data: UserData = { version: 1, topics: Object.fromEntries(topics) };
  return Buffer.from(JSON.stringify(data));
}

/** What cannot be read, or is of another version, says nothing: the member is then one without state. */
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
