import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import type { SyncFingerprint } from "../../../src/state/sync-versions.ts";
import { rulesOf } from "../../../src/topology/rules.ts";
import { type TopicTopology, Topology } from "../../../src/topology/topology.ts";

const s = suite("topology: settings compiled once");

type Part = { readonly model?: string; readonly sync?: string; readonly more?: string };

function topologyOf({ model = "", sync = "", more = "" }: Part = {}): TopicTopology {
  const text = `name: shop
segment: {writeKey: k}
models: {users: {topic: t${model}}${more}}
syncs: {lifecycle: {model: users, type: track, userId: id, events: {added: A}, properties: [email]${sync}}}`;
  return new Topology(parseSettings(text, "c.yaml", {})).get("t") as TopicTopology;
}

const FINGERPRINT = { reading: "r", type: "track", filter: "f", users: "u", mapping: "m" };
const fingerprint = (part?: Part) => topologyOf(part).models[0]?.syncs[0]?.fingerprint;

const hashOf = (...parts: readonly unknown[]) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 12);

// Stored state has these hashes: if a release computes them differently, every sync is backfilled.
s("should compute a fingerprint from the settings of model and sync", () => {
  assert.equal(fingerprint(), {
    reading: hashOf(null, {}),
    type: "track",
    filter: hashOf(null),
    users: hashOf("id", null),
    mapping: hashOf(["email"], null),
  });
});

const DECISIVE: readonly (readonly [what: string, part: Part, where: keyof SyncFingerprint])[] = [
  ["where", { model: ", where: row.a == 1" }, "filter"],
  ["the key", { model: ", key: [id]" }, "reading"],
  ["a column's type", { model: ", columns: {a: json}" }, "reading"],
  ["the anonymousId", { sync: ", anonymousId: cookie" }, "users"],
  ["the watched columns", { sync: ", watch: [a]" }, "mapping"],
];
for (const [what, part, where] of DECISIVE) {
  s(`should change only ${where} of the fingerprint when ${what} changes`, () => {
    const [before, now] = [fingerprint(), fingerprint(part)] as [SyncFingerprint, SyncFingerprint];
    const changed = (Object.keys(before) as (keyof SyncFingerprint)[]).filter(
      (name) => before[name] !== now[name],
    );
    assert.equal(changed, [where]);
  });
}

const INDECISIVE: readonly (readonly [what: string, part: Part])[] = [
  ["the timestamp column", { sync: ", timestamp: at" }],
  ["the messageId column", { sync: ", messageId: eid" }],
  ["initialResults", { sync: ", initialResults: send" }],
  ["missingUser", { sync: ", missingUser: ignore" }],
  ["onTruncate", { model: ", onTruncate: stop" }],
];
for (const [what, part] of INDECISIVE) {
  s(`should keep the fingerprint when ${what} changes`, () =>
    assert.equal(fingerprint(part), fingerprint()),
  );
}

s("should name the record key's fields, as a list or renamed", () => {
  assert.is(topologyOf().format.key, null);
  assert.equal(topologyOf({ model: ", key: [org, id]" }).format.key, ["org", "id"]);
  assert.equal(topologyOf({ model: ", key: {organisation: org_id, id: id}" }).format.key, [
    "org_id",
    "id",
  ]);
});

s("should collect the columns of expressions from every model of the topic", () => {
  const part = {
    model: ", where: row.a == 1",
    sync: ", anonymousId: {cel: string(row.b)}",
    more: ", others: {topic: t, where: row.c > 1.0}",
  };
  assert.equal([...topologyOf(part).format.expressionColumns].sort(), ["a", "b", "c"]);
});

s("should leave open whether `before` is complete unless the model sets it", () => {
  const complete = (model: string) => topologyOf({ model }).format.beforeIsComplete;
  assert.is(complete(""), undefined);
  assert.is(complete(", beforeImage: full"), true);
  assert.is(complete(", beforeImage: none"), false);
});

s("should number syncs as in the stored state, without removed ones", () => {
  const entries = [
    { name: "lifecycle", fingerprint: FINGERPRINT, boundary: 1, retired: true },
    { name: "other", fingerprint: FINGERPRINT, boundary: 2 },
    { name: "lifecycle", fingerprint: FINGERPRINT, boundary: 3 },
  ];
  const [rule] = rulesOf(topologyOf(), entries)[0]?.syncs ?? [];
  assert.equal([rule?.number, rule?.boundary], [2, 3]);
});

const POLICIES: readonly (readonly [policy: string, code: string | undefined])[] = [
  ["deadLetter", "MISSING_USER"],
  ["ignore", undefined],
  ["stop", "USER_REQUIRED"],
];
for (const [policy, code] of POLICIES) {
  s(`should return ${code ?? "no error"} for a missing user with ${policy}`, () => {
    const entries = [{ name: "lifecycle", fingerprint: FINGERPRINT, boundary: 0 }];
    const [rule] =
      rulesOf(topologyOf({ sync: `, missingUser: ${policy}` }), entries)[0]?.syncs ?? [];
    assert.is(rule?.missingUser({ id: null })?.code, code);
  });
}

const SHARDS = `
name: p
segment: {writeKey: k}
models:
  users: {topics: '/^app\\.shard\\d+\\.users$/'}
  eu: {topics: [app.shard1.users, app.shard2.users]}
syncs:
  users: {model: users, type: identify, userId: id}
  eu: {model: eu, type: identify, userId: id}`;

s("should compile topics that match a pattern, with every model that reads them", () => {
  const topology = new Topology(parseSettings(SHARDS, "c.yaml", {}));
  const models = (topic: string) => topology.get(topic)?.models.map(({ name }) => name);
  assert.equal(models("app.shard1.users"), ["users", "eu"]);
  assert.equal(models("app.shard17.users"), ["users"]);
  assert.is(models("app.shard17.users_old"), undefined);
  assert.equal(topology.topics.map(String), [
    "/^app\\.shard\\d+\\.users$/",
    "app.shard1.users",
    "app.shard2.users",
  ]);
});

s("should reject models whose patterns match one topic that they read differently", () => {
  const text = SHARDS.replace("app.shard2.users]}", "app.shard2.users], columns: {a: json}}");
  const topology = new Topology(parseSettings(text, "c.yaml", {}));
  assert.throws(() => topology.get("app.shard1.users"), /share its rows; write the same `columns`/);
});

s.run();
