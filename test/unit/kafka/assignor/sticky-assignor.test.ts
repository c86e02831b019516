import kafkajs, { type GroupMember } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LocalState } from "../../../../src/kafka/assignor/member-metadata.ts";
import { stickyAssignor } from "../../../../src/kafka/assignor/sticky-assignor.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";

const s = suite("source: the sticky assigner, as kafkajs calls it");
const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

const TOPICS: Readonly<Record<string, number>> = { users: 4, orders: 2 };
type Config = Parameters<ReturnType<typeof stickyAssignor>>[0];

/** Of kafkajs' cluster only what the assigner asks: the partitions of a topic that its leader reads. */
const config = {
  cluster: {
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: TOPICS[topic] ?? 0 }, (_, partitionId) => ({ partitionId })),
  },
} as unknown as Config;

function assigner(
  localStates: () => LocalState[] = () => [],
  owned: LocalState[] = [],
  log = noopLogger,
) {
  return stickyAssignor({ localStates, owned: () => owned }, log)(config);
}

const at = (topic: string, partition: number, position = 1) => ({ topic, partition, position });

const member = (
  memberId: string,
  topics: string[],
  localStates?: () => LocalState[],
): GroupMember => ({
  memberId,
  memberMetadata: assigner(localStates).protocol({ topics }).metadata,
});

async function shares(...members: GroupMember[]) {
  const given = await assigner().assign({ members, topics: ["users"] });
  return Object.fromEntries(
    given.map((one) => [one.memberId, MemberAssignment.decode(one.memberAssignment)?.assignment]),
  );
}

s("should give partitions to who said to have their state, and goes the furthest", async () => {
  const a = member("a", ["users"], () => [at("users", 0, 1), at("users", 2, 5), at("users", 3)]);
  const b = member("b", ["users"], () => [at("users", 0, 2), at("users", 2, 4)]);
  assert.equal(await shares(a, b), { a: { users: [2, 3] }, b: { users: [0, 1] } });
});

s("should say what is owned too, with state or without, and nothing of other topics", () => {
  const localStates = () => [at("users", 0, 7), at("users", 1, 9), at("orders", 0, 8)];
  const { metadata } = assigner(localStates, [at("users", 0), at("users", 3)]).protocol({
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
  const said = JSON.parse(`${userData}`);
  assert.equal(said, { version: 1, topics });
});

s("should take what it cannot understand for nothing said", async () => {
  const sound = member("a", ["users"], () => [at("users", 1), at("users", 3)]);
  const entries = (list: unknown) => JSON.stringify({ version: 1, topics: { users: list } });
  const said = [
    ...["", "{", "null", "7", `{"version":1}`, `{"version":2,"topics":{"users":[[1,9,1]]}}`],
    ...[entries(7), entries([[1, 9]]), entries([["1", 9, 1]]), entries([[1, "9", 1]])],
    ...[entries([[1, 9, true]]), entries([null]), entries({ 1: [1, 9, 1] })],
  ];
  for (const text of said) {
    const fields = { version: 0, topics: ["users"], userData: Buffer.from(text) };
    const other = { memberId: "b", memberMetadata: MemberMetadata.encode(fields) };
    assert.equal(await shares(other, sound), { a: { users: [1, 3] }, b: { users: [0, 2] } }, text);
  }
  const unreadable = { memberId: "b", memberMetadata: Buffer.from([0]) };
  assert.equal(await shares(sound, unreadable), { a: { users: [0, 1, 2, 3] }, b: {} });
});

s("should understand kafkajs' own round robin, which says nothing", async () => {
  const roundRobin = kafkajs.PartitionAssigners.roundRobin(config);
  const { metadata } = roundRobin.protocol({ topics: ["users"] });
  const all = await shares({ memberId: "a", memberMetadata: metadata });
  assert.equal(all, { a: { users: [0, 1, 2, 3] } });
});

s(
  "should give of a topic to those who read it, and warn of one that the leader does not",
  async () => {
    const warnings: object[] = [];
    const log = { ...noopLogger, warn: (fields: object) => warnings.push(fields) };
    const members = [member("a", ["users", "unknown"]), member("b", ["users", "orders"])];
    const given = await assigner(undefined, [], log).assign({ members, topics: ["users"] });
    const [a, b] = given.map((one) => MemberAssignment.decode(one.memberAssignment)?.assignment);
    assert.equal(Object.keys(a ?? {}), ["users"]);
    assert.is(a?.users?.length, 3);
    assert.equal(b?.orders, [0, 1]);
    assert.equal(warnings, [{ topic: "unknown" }]);
  },
);

s("should join without its state where the disk cannot be looked at", () => {
  const broken = () => {
    throw new Error("EACCES");
  };
  const { metadata } = assigner(broken).protocol({ topics: ["users"] });
  const { userData } = MemberMetadata.decode(metadata) ?? {};
  assert.equal(JSON.parse(`${userData}`), { version: 1, topics: {} });
});

s(
  "should say of a great many the furthest, within what the broker's record of the group holds",
  () => {
    const localStates = Array.from({ length: 3_000 }, (_, n) =>
      at("users", n, 1_700_000_000_000 + n),
    );
    const { metadata } = assigner(() => localStates).protocol({ topics: ["users"] });
    assert.ok(metadata.length < 60_000, `${metadata.length} bytes`);
    assert.ok(metadata.includes("[2999,"));
  },
);

s.run();
