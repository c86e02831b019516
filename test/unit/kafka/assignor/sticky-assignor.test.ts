import kafkajs, { type GroupMember } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LocalState } from "../../../../src/kafka/assignor/member-metadata.ts";
import { stickyAssignor } from "../../../../src/kafka/assignor/sticky-assignor.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";

const s = suite("sticky assignor: as kafkajs calls it");
const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

const TOPICS: Readonly<Record<string, number>> = { users: 4, orders: 2 };
type Config = Parameters<ReturnType<typeof stickyAssignor>>[0];

/** The part of kafkajs' cluster that the assignor uses: the partitions of the topics that the leader subscribes to. */
const config = {
  cluster: {
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: TOPICS[topic] ?? 0 }, (_, partitionId) => ({ partitionId })),
  },
} as unknown as Config;

function assignor(
  localStates: () => LocalState[] = () => [],
  owned: LocalState[] = [],
  log = noopLogger,
) {
  return stickyAssignor({ localStates, owned: () => owned }, log)(config);
}

const stateOf = (topic: string, partition: number, position = 1) => ({
  topic,
  partition,
  position,
});

const member = (
  memberId: string,
  topics: string[],
  localStates?: () => LocalState[],
): GroupMember => ({
  memberId,
  memberMetadata: assignor(localStates).protocol({ topics }).metadata,
});

async function assignments(...members: GroupMember[]) {
  const given = await assignor().assign({ members, topics: ["users"] });
  return Object.fromEntries(
    given.map((one) => [one.memberId, MemberAssignment.decode(one.memberAssignment)?.assignment]),
  );
}

s("should assign partitions to the member with the furthest local state", async () => {
  const a = member("a", ["users"], () => [
    stateOf("users", 0, 1),
    stateOf("users", 2, 5),
    stateOf("users", 3),
  ]);
  const b = member("b", ["users"], () => [stateOf("users", 0, 2), stateOf("users", 2, 4)]);
  assert.equal(await assignments(a, b), { a: { users: [2, 3] }, b: { users: [0, 1] } });
});

s("should publish owned partitions with or without state, and no other topics", () => {
  const localStates = () => [
    stateOf("users", 0, 7),
    stateOf("users", 1, 9),
    stateOf("orders", 0, 8),
  ];
  const { metadata } = assignor(localStates, [stateOf("users", 0), stateOf("users", 3)]).protocol({
    topics: ["users"],
  });
  const topics = {
    users: [
      [0, 7, 1],
      [3, null, 1],
      [1, 9, 0],
    ],
  };
  const { userData } = MemberMetadata.decode(metadata) ?? {};
  assert.equal(JSON.parse(`${userData}`), { version: 1, topics });
});

s("should treat a member with unreadable metadata as one without state", async () => {
  const readable = member("a", ["users"], () => [stateOf("users", 1), stateOf("users", 3)]);
  const entries = (list: unknown) => JSON.stringify({ version: 1, topics: { users: list } });
  const texts = [
    ...["", "{", "null", "7", `{"version":1}`, `{"version":2,"topics":{"users":[[1,9,1]]}}`],
    ...[entries(7), entries([[1, 9]]), entries([["1", 9, 1]]), entries([[1, "9", 1]])],
    ...[entries([[1, 9, true]]), entries([null]), entries({ 1: [1, 9, 1] })],
  ];
  for (const text of texts) {
    const fields = { version: 0, topics: ["users"], userData: Buffer.from(text) };
    const other = { memberId: "b", memberMetadata: MemberMetadata.encode(fields) };
    assert.equal(
      await assignments(other, readable),
      { a: { users: [1, 3] }, b: { users: [0, 2] } },
      text,
    );
  }
  const unreadable = { memberId: "b", memberMetadata: Buffer.from([0]) };
  assert.equal(await assignments(readable, unreadable), { a: { users: [0, 1, 2, 3] }, b: {} });
});

s("should assign to a member with kafkajs' own round robin, which has no metadata", async () => {
  const roundRobin = kafkajs.PartitionAssigners.roundRobin(config);
  const { metadata } = roundRobin.protocol({ topics: ["users"] });
  const all = await assignments({ memberId: "a", memberMetadata: metadata });
  assert.equal(all, { a: { users: [0, 1, 2, 3] } });
});

s(
  "should assign a topic to its subscribers, and warn if the leader does not subscribe to it",
  async () => {
    const warnings: object[] = [];
    const log = { ...noopLogger, warn: (fields: object) => warnings.push(fields) };
    const members = [member("a", ["users", "unknown"]), member("b", ["users", "orders"])];
    const given = await assignor(undefined, [], log).assign({ members, topics: ["users"] });
    const [a, b] = given.map((one) => MemberAssignment.decode(one.memberAssignment)?.assignment);
    assert.equal(Object.keys(a ?? {}), ["users"]);
    assert.is(a?.users?.length, 3);
    assert.equal(b?.orders, [0, 1]);
    assert.equal(warnings, [{ topic: "unknown" }]);
  },
);

s("should join without local state if the disk cannot be read", () => {
  const broken = () => {
    throw new Error("EACCES");
  };
  const { metadata } = assignor(broken).protocol({ topics: ["users"] });
  const { userData } = MemberMetadata.decode(metadata) ?? {};
  assert.equal(JSON.parse(`${userData}`), { version: 1, topics: {} });
});

s(
  "should publish the furthest 2,000 local states, which fit into the broker's record of the group",
  () => {
    const localStates = Array.from({ length: 3_000 }, (_, n) =>
      stateOf("users", n, 1_700_000_000_000 + n),
    );
    const { metadata } = assignor(() => localStates).protocol({ topics: ["users"] });
    assert.ok(metadata.length < 60_000, `${metadata.length} bytes`);
    assert.ok(metadata.includes("[2999,"));
  },
);

s.run();
