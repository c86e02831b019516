import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import { Plans, rulesOf, type TopicPlan } from "../../../src/task/plan.ts";

const s = suite("task: the plan of each topic");

type Part = { readonly model?: string; readonly sync?: string; readonly more?: string };

function plan({ model = "", sync = "", more = "" }: Part = {}): TopicPlan {
  const text = `name: shop
segment: {writeKey: k}
models: {users: {topic: t${model}}${more}}
syncs: {life: {model: users, type: track, userId: id, events: {added: A}, properties: [email]${sync}}}`;
  return new Plans(parseSettings(text, "c.yaml", {})).get("t") as TopicPlan;
}

const fingerprint = (part?: Part) => plan(part).models[0]?.syncs[0]?.fingerprint;

// A fingerprint that changes between releases refuses every state there is: never change the recipe.
s("should give a sync the fingerprint of its recipe", () => {
  const decisive = ["track", null, null, {}, "id", null, ["email"], null];
  const hash = createHash("sha256").update(JSON.stringify(decisive)).digest("base64url");
  assert.is(fingerprint(), hash.slice(0, 16));
});

const DECISIVE: readonly (readonly [what: string, part: Part])[] = [
  ["where", { model: ", where: row.a == 1" }],
  ["the key", { model: ", key: [id]" }],
  ["a column's type", { model: ", columns: {a: json}" }],
  ["the anonymousId", { sync: ", anonymousId: cookie" }],
  ["the watched columns", { sync: ", watch: [a]" }],
];
for (const [what, part] of DECISIVE) {
  s(`should take a change of ${what} for another sync`, () =>
    assert.is.not(fingerprint(part), fingerprint()),
  );
}

const TELLING: readonly (readonly [what: string, part: Part])[] = [
  ["the timestamp column", { sync: ", timestamp: at" }],
  ["the messageId column", { sync: ", messageId: eid" }],
  ["initialResults", { sync: ", initialResults: send" }],
  ["missingUser", { sync: ", missingUser: ignore" }],
  ["what TRUNCATE does", { model: ", onTruncate: stop" }],
];
for (const [what, part] of TELLING) {
  s(`should let ${what} change at any time`, () => assert.is(fingerprint(part), fingerprint()));
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
    { name: "life", fingerprint: "old", boundary: 1, retired: true },
    { name: "other", fingerprint: "x", boundary: 2 },
    { name: "life", fingerprint: "new", boundary: 3 },
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
    const entries = [{ name: "life", fingerprint: "f", boundary: 0 }];
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
  const plans = new Plans(parseSettings(SHARDS, "c.yaml", {}));
  const models = (topic: string) => plans.get(topic)?.models.map(({ name }) => name);
  assert.equal(models("app.shard1.users"), ["users", "eu"]);
  assert.equal(models("app.shard17.users"), ["users"]);
  assert.is(models("app.shard17.users_old"), undefined);
  assert.equal(plans.topics.map(String), [
    "/^app\\.shard\\d+\\.users$/",
    "app.shard1.users",
    "app.shard2.users",
  ]);
});

s("should refuse models that meet in a topic by their patterns and read it differently", () => {
  const text = SHARDS.replace("app.shard2.users]}", "app.shard2.users], columns: {a: json}}");
  const plans = new Plans(parseSettings(text, "c.yaml", {}));
  assert.throws(() => plans.get("app.shard1.users"), /share its rows: write `columns` alike/);
});

s.run();
