import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import type { SyncFingerprint } from "../../../src/state/sync-versions.ts";
import { rulesOf } from "../../../src/topology/rules.ts";
import { type TopicTopology, Topology } from "../../../src/topology/topology.ts";

const s = suite("task: the plan of each topic");

type Part = { readonly model?: string; readonly sync?: string; readonly more?: string };

function plan({ model = "", sync = "", more = "" }: Part = {}): TopicTopology {
  const text = `name: shop
segment: {writeKey: k}
models: {users: {topic: t${model}}${more}}
syncs: {life: {model: users, type: track, userId: id, events: {added: A}, properties: [email]${sync}}}`;
  return new Topology(parseSettings(text, "c.yaml", {})).get("t") as TopicTopology;
}

const FINGERPRINT = { reading: "r", type: "track", filter: "f", users: "u", mapping: "m" };
const fingerprint = (part?: Part) => plan(part).models[0]?.syncs[0]?.fingerprint;

const hashOf = (...parts: readonly unknown[]) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 12);

// A fingerprint that changes between releases makes every state there is look changed: never change the recipe.
s("should give a sync the fingerprint of its recipe", () => {
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
  s(`should see a change of ${what} in the fingerprint's ${where}, and nowhere else`, () => {
    const [before, now] = [fingerprint(), fingerprint(part)] as [SyncFingerprint, SyncFingerprint];
    const changed = (Object.keys(before) as (keyof SyncFingerprint)[]).filter(
      (name) => before[name] !== now[name],
    );
    assert.equal(changed, [where]);
  });
}

const TELLING: readonly (readonly [what: string, part: Part])[] = [
  ["the timestamp column", { sync: ", timestamp: at" }],
  ["the messageId column", { sync: ", messageId: eid" }],
  ["initialResults", { sync: ", initialResults: send" }],
  ["missingUser", { sync: ", missingUser: ignore" }],
  ["what TRUNCATE does", { model: ", onTruncate: stop" }],
];
for (const [what, part] of TELLING) {
  s(`should let ${what} change at any time`, () => assert.equal(fingerprint(part), fingerprint()));
}

s("should name the record key's fields, as a list or renamed", () => {
  assert.is(plan().format.key, null);
  assert.equal(plan({ model: ", key: [org, id]" }).format.key, ["org", "id"]);
  assert.equal(plan({ model: ", key: {organisation: org_id, id: id}" }).format.key, [
    "org_id",
    "id",
  ]);
});

s("should know the columns that expressions read, of every model over the topic", () => {
  const part = {
    model: ", where: row.a == 1",
    sync: ", anonymousId: {cel: string(row.b)}",
    more: ", others: {topic: t, where: row.c > 1.0}",
  };
  assert.equal([...plan(part).format.expressionColumns].sort(), ["a", "b", "c"]);
});

s("should leave it to the connector whether `before` is complete, unless the model says so", () => {
  const complete = (model: string) => plan({ model }).format.beforeIsComplete;
  assert.is(complete(""), undefined);
  assert.is(complete(", beforeImage: full"), true);
  assert.is(complete(", beforeImage: none"), false);
});

s("should number the syncs as the state knows them, past those that were taken out", () => {
  const entries = [
    { name: "life", fingerprint: FINGERPRINT, boundary: 1, retired: true },
    { name: "other", fingerprint: FINGERPRINT, boundary: 2 },
    { name: "life", fingerprint: FINGERPRINT, boundary: 3 },
  ];
  const [rule] = rulesOf(plan(), entries)[0]?.syncs ?? [];
  assert.equal([rule?.number, rule?.boundary], [2, 3]);
});

const POLICIES: readonly (readonly [policy: string, code: string | undefined])[] = [
  ["deadLetter", "MISSING_USER"],
  ["ignore", undefined],
  ["stop", "USER_REQUIRED"],
];
for (const [policy, code] of POLICIES) {
  s(`should answer a missing user under ${policy} with ${code ?? "nothing"}`, () => {
    const entries = [{ name: "life", fingerprint: FINGERPRINT, boundary: 0 }];
    const [rule] = rulesOf(plan({ sync: `, missingUser: ${policy}` }), entries)[0]?.syncs ?? [];
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

s("should plan the topics that a pattern names, with every model that reads them", () => {
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

s("should refuse models that meet in a topic by their patterns and read it differently", () => {
  const text = SHARDS.replace("app.shard2.users]}", "app.shard2.users], columns: {a: json}}");
  const topology = new Topology(parseSettings(text, "c.yaml", {}));
  assert.throws(() => topology.get("app.shard1.users"), /share its rows; write the same `columns`/);
});

s.run();
