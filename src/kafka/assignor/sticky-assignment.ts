import { partitionName, type TopicPartition } from "../../data/record.ts";
import { type Placement, type SourcePoint, settle, WORST } from "./min-cost-placement.ts";

/** What a member says of a partition: whether it owns it now, and how far its local state of it goes; `null` if it has none. */
export type MemberPartition = TopicPartition & {
  readonly position: number | null;
  readonly owned: boolean;
};

export type StickyMember = {
  readonly id: string;
  readonly topics: readonly string[];
  readonly localStates: readonly MemberPartition[];
};

/** Each member's partitions by topic; a member that gets none is there too. */
export type Shares = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/**
 * Shares the partitions of each topic out among the members that subscribe to it. In this order:
 * 1. the members' counts, over all topics together, are the most even
 * 2. a partition stays with the member that owns it. Several may say so, when one comes back whose partitions the
 *    group had given away: it stays with one of them
 * 3. the members' counts of each topic are the most even. Not before 2, or one who joins or leaves would make others
 *    exchange partitions, and a state that moves costs more than a topic that is a little uneven
 * 4. a partition goes to the member whose local state of it is the furthest, or else the least behind
 *
 * The same whatever the order of members, topics and partitions.
 *
 * The leader's event loop stands still meanwhile. When one joins: 0.1 s for 1,000 partitions of 20 topics at 10
 * members, 1.3 s for 2,000 of 100 at 50.
 */
export function shareOut(
  members: readonly StickyMember[],
  partitions: ReadonlyMap<string, readonly number[]>,
): Shares {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const topics = [...partitions.keys()].sort().filter((topic) => isRead(topic, members));
  const all = topics.flatMap((topic) =>
    (partitions.get(topic) ?? [])
      .toSorted((a, b) => a - b)
      .map((partition): TopicPartition => ({ topic, partition })),
  );
  const places = placesAt(sorted);
  const placed = all.map((tp) => ({ kind: topics.indexOf(tp.topic), places: places(tp), at: -1 }));
  placement(placed, topics.length, sorted.length);
  settle(placed, topics.length, sorted.length);
  const shares = sorted.map(() => new Map<string, number[]>());
  for (const [index, { topic, partition }] of all.entries()) {
    const share = shares[placed[index]?.at ?? -1];
    share?.set(topic, [...(share.get(topic) ?? []), partition]);
  }
  return new Map(sorted.map(({ id }, index) => [id, shares[index] ?? new Map()]));
}

function isRead(topic: string, members: readonly StickyMember[]): boolean {
  return members.some(({ topics }) => topics.includes(topic));
}

/** What it means for a partition to be at each member. */
function placesAt(members: readonly StickyMember[]) {
  const subscribed = members.map(({ topics }) => new Set(topics));
  const localStates = members.map(
    (member) => new Map(member.localStates.map((one) => [partitionName(one), one])),
  );
  return (tp: TopicPartition): (Placement | null)[] => {
    const known = localStates.map((of) => of.get(partitionName(tp)));
    const isOwned = known.some((one) => one?.owned);
    const furthest = Math.max(...known.map((one) => one?.position ?? Number.NEGATIVE_INFINITY));
    return known.map((one, member) => {
      if (!subscribed[member]?.has(tp.topic)) return null;
      const rank = behind(one?.position ?? null, furthest);
      return { move: Number(isOwned && !one?.owned), rank };
    });
  };
}

/**
 * How far a state is behind the furthest, in eighths of a doubling: which of two partitions is the less to restore is
 * told by the lag, whose scale (ms, records) is not known here. None at all is the worst.
 */
function behind(position: number | null, furthest: number): number {
  if (position === null) return WORST;
  return Math.min(Math.ceil(8 * Math.log2(1 + furthest - position)), WORST - 1);
}

/** A first placement, so near the best that little is left to settle: what is owned comes first, where there is room. */
function placement(things: readonly SourcePoint[], kinds: number, members: number): void {
  const counts = new Array<number>(members).fill(0);
  const ofKind = Array.from({ length: kinds }, () => new Array<number>(members).fill(0));
  const room = Math.ceil(things.length / members);
  const isOwned = ({ places }: SourcePoint) => Number(places.some((at) => at?.move));
  for (const thing of things.toSorted((a, b) => isOwned(b) - isOwned(a))) {
    const kind = ofKind[thing.kind] ?? [];
    let best: readonly number[] = [];
    for (const [member, at] of thing.places.entries()) {
      if (!at) continue;
      const [count = 0, alike = 0] = [counts[member], kind[member]];
      const rank = [Number(count >= room), at.move, alike, at.rank, count];
      if (thing.at !== -1 && !isLess(rank, best)) continue;
      best = rank;
      thing.at = member;
    }
    counts[thing.at] = (counts[thing.at] ?? 0) + 1;
    kind[thing.at] = (kind[thing.at] ?? 0) + 1;
  }
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index !== -1 && (one[index] as number) < (other[index] as number);
}
