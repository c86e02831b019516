import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partitionName, type TopicPartition } from "../../../../src/data/record.ts";
import {
  type MemberPartition,
  type Shares,
  type StickyMember,
  shareOut,
} from "../../../../src/kafka/assignor/sticky-assignment.ts";

const s = suite("source: partitions shared out by who has their state");

type Partitions = ReadonlyMap<string, readonly number[]>;

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Topics `t0`, `t1` … of so many partitions each. */
const topicsOf = (...counts: readonly number[]): Partitions =>
  new Map(counts.map((count, n) => [`t${n}`, range(count)]));

const flat = (share: ReadonlyMap<string, readonly number[]> | undefined): TopicPartition[] =>
  [...(share ?? [])].flatMap(([topic, list]) => list.map((partition) => ({ topic, partition })));

const namesOf = (shares: Shares, id: string) => flat(shares.get(id)).map(partitionName);

const ownerOf = (shares: Shares): Map<string, string> =>
  new Map([...shares].flatMap(([id, share]) => flat(share).map((tp) => [partitionName(tp), id])));

function moved(before: Shares, after: Shares): string[] {
  const owners = ownerOf(after);
  return [...ownerOf(before)].flatMap(([name, id]) => (owners.get(name) === id ? [] : [name]));
}

/** Members who own what they were given, and have state of it and of whatever they had state of before. */
const settled = (members: readonly StickyMember[], shares: Shares): StickyMember[] =>
  members.map((member) => {
    const share = flat(shares.get(member.id));
    const owned = new Set(share.map(partitionName));
    const left = member.localStates.filter((one) => !owned.has(partitionName(one)));
    return {
      ...member,
      localStates: [
        ...share.map((tp) => ({ ...tp, position: 100, owned: true })),
        ...disowned(left),
      ],
    };
  });

const disowned = (localStates: readonly MemberPartition[]) =>
  localStates.map((one) => ({ ...one, owned: false }));

const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);

const group = fc
  .record({
    counts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    size: fc.integer({ min: 1, max: 6 }),
    localStates: fc.array(
      fc.record({
        member: fc.nat(5),
        topic: fc.nat(5),
        partition: fc.nat(9),
        position: fc.option(fc.nat(3)),
        owned: fc.boolean(),
      }),
      { maxLength: 30 },
    ),
  })
  .map(({ counts, size, localStates }) => {
    const partitions = topicsOf(...counts);
    const members = range(size).map((n): StickyMember => {
      const mine = localStates.filter(({ member }) => member === n);
      return {
        id: `m${n}`,
        topics: [...partitions.keys()],
        localStates: mine.map((one): MemberPartition => ({ ...one, topic: `t${one.topic}` })),
      };
    });
    return { partitions, members };
  });

const RUNS = { numRuns: 2_000 };

s("should give every partition to exactly one member that subscribes to its topic", () => {
  const subscriptions = fc.array(fc.subarray(["t0", "t1", "t2", "t3", "t4"]), {
    minLength: 6,
    maxLength: 6,
  });
  fc.assert(
    fc.property(group, subscriptions, ({ partitions, members }, topics) => {
      const some = members.map((member, n) => ({ ...member, topics: topics[n] ?? [] }));
      const shares = shareOut(some, partitions);
      const read = [...partitions].filter(([topic]) =>
        some.some((one) => one.topics.includes(topic)),
      );
      const given = some.flatMap(({ id }) => namesOf(shares, id));
      assert.equal(given.toSorted(), flat(new Map(read)).map(partitionName).toSorted());
      for (const { id, topics } of some)
        assert.ok([...(shares.get(id)?.keys() ?? [])].every((topic) => topics.includes(topic)));
    }),
    RUNS,
  );
});

s("should spread all as evenly as can be, and each topic too while nobody owns any", () => {
  fc.assert(
    fc.property(group, ({ partitions, members }) => {
      const countsIn = (shares: Shares, of: (tp: TopicPartition) => boolean) =>
        members.map(({ id }) => flat(shares.get(id)).filter(of).length);
      assert.ok(spread(countsIn(shareOut(members, partitions), () => true)) <= 1);
      const free = members.map((member) => ({
        ...member,
        localStates: disowned(member.localStates),
      }));
      const shares = shareOut(free, partitions);
      for (const topic of partitions.keys())
        assert.ok(spread(countsIn(shares, (tp) => tp.topic === topic)) <= 1);
    }),
    RUNS,
  );
});

s("should find what is the best by its rules among all that there are", () => {
  const few = fc.tuple(group, fc.subarray(["t0", "t1"], { minLength: 1 })).map(([all, topics]) => ({
    partitions: topicsOf(
      ...[...all.partitions.values()].slice(0, 2).map((list) => list.length % 4),
    ),
    members: all.members.slice(0, 3).map((one, n) => (n === 0 ? { ...one, topics } : one)),
  }));
  fc.assert(
    fc.property(few, ({ partitions, members }) => {
      const found = ownerOf(shareOut(members, partitions));
      const all = flat(partitions).filter(({ topic }) =>
        members.some((member) => member.topics.includes(topic)),
      );
      const score = scoreOf(all, members);
      const mine = score(
        all.map((tp) => members.findIndex(({ id }) => id === found.get(partitionName(tp)))),
      );
      for (let n = 0; n < members.length ** all.length; n++) {
        const other = score(
          all.map((_, at) => Math.floor(n / members.length ** at) % members.length),
        );
        const index = other.findIndex((value, at) => value !== mine[at]);
        assert.ok(index === -1 || Number(other[index]) > Number(mine[index]), `${other} < ${mine}`);
      }
    }),
    RUNS,
  );
});

/** How far from each rule, in their order: the less the better. */
function scoreOf(all: readonly TopicPartition[], members: readonly StickyMember[]) {
  const localStates = members.map(
    (one) => new Map(one.localStates.map((of) => [partitionName(of), of])),
  );
  const squares = (keys: readonly string[]) =>
    [...Map.groupBy(keys, (key) => key).values()].reduce((sum, { length }) => sum + length ** 2, 0);
  return (places: readonly number[]): readonly number[] => {
    const known = all.map((tp, n) => ({
      tp,
      one: localStates[places[n] ?? -1]?.get(partitionName(tp)),
    }));
    const foreign = all.filter(({ topic }, n) => !members[places[n] ?? -1]?.topics.includes(topic));
    const moves = known.filter(
      ({ tp, one }) => !one?.owned && localStates.some((of) => of.get(partitionName(tp))?.owned),
    );
    const ranks = known.map(({ tp, one }) => {
      const positions = localStates.map((of) => of.get(partitionName(tp))?.position ?? 0);
      const lag = Math.max(...positions) - (one?.position ?? 0);
      return typeof one?.position === "number" ? Math.ceil(8 * Math.log2(1 + lag)) : 512;
    });
    return [
      foreign.length,
      squares(places.map(String)),
      moves.length,
      squares(places.map((member, n) => `${member} ${all[n]?.topic}`)),
      ranks.reduce((sum, rank) => sum + rank, 0),
    ];
  };
}

s("should say the same whatever the order of members, of topics and of partitions", () => {
  fc.assert(
    fc.property(group, fc.infiniteStream(fc.nat()), ({ partitions, members }, dice) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((value) => ({ value, at: dice.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ value }) => value);
      const otherwise = shareOut(
        shuffled(members).map((member) => ({ ...member, topics: shuffled(member.topics) })),
        new Map(shuffled([...partitions]).map(([topic, list]) => [topic, shuffled(list)])),
      );
      assert.equal(ownerOf(otherwise), ownerOf(shareOut(members, partitions)));
    }),
    RUNS,
  );
});

s("should move nothing while nobody comes or goes", () => {
  fc.assert(
    fc.property(group, ({ partitions, members }) => {
      const before = shareOut(members, partitions);
      assert.equal(moved(before, shareOut(settled(members, before), partitions)), []);
    }),
    RUNS,
  );
});

s("should move to one who joins no more than its share", () => {
  fc.assert(
    fc.property(group, fc.array(fc.nat(3), { maxLength: 20 }), ({ partitions, members }, state) => {
      const before = shareOut(members, partitions);
      const all = flat(partitions);
      const localStates = state.flatMap((position, n) => {
        const tp = all[(n * 7) % all.length];
        return tp ? [{ ...tp, position: position * 100, owned: false }] : [];
      });
      const topics = [...partitions.keys()];
      const joined = [...settled(members, before), { id: "new", topics, localStates }];
      const after = shareOut(joined, partitions);
      const moves = moved(before, after);
      assert.ok(moves.length <= Math.ceil(all.length / joined.length), `${moves}`);
      assert.equal(moves.toSorted(), namesOf(after, "new").toSorted());
    }),
    RUNS,
  );
});

s("should move of one who leaves only what it had", () => {
  fc.assert(
    fc.property(group, fc.nat(5), ({ partitions, members }, n) => {
      fc.pre(members.length > 1);
      const leaver = members[n % members.length]?.id ?? "";
      const before = shareOut(members, partitions);
      const left = settled(members, before).filter(({ id }) => id !== leaver);
      const moves = moved(before, shareOut(left, partitions));
      assert.equal(moves.toSorted(), namesOf(before, leaver).toSorted());
    }),
    RUNS,
  );
});

s.run();
