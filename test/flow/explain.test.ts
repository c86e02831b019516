import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordedForm } from "../../src/data/recorded-line.ts";
import type { ExplainedRow, Explanation } from "../../src/explain/explanation.ts";
import type { CdcError } from "../../src/lib/errors.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import {
  type Change,
  commitTimeOf,
  heartbeat,
  insert,
  read,
  remove,
  tombstone,
  truncate,
  update,
} from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/** Explanations of a row, compared with the messages that the delivery queue sent. */

const s = suite("flow: explain");

const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}";
const LIFECYCLE = `lifecycle: {model: users, type: track, userId: id, properties: [email], initialResults: send, ${EVENTS}}`;
const TRAITS = "traits: {model: users, type: identify, userId: id, traits: [email, plan]}";
const PAYING =
  "paying: {model: users, type: track-entered-exited, userId: id, initialResults: send}";
const SYNCS = `{${LIFECYCLE}, ${TRAITS}}`;

const row = (over: object = {}) => ({ id: 7, email: "a@x", plan: "free", ...over });
const iso = (lsn: number) => new Date(commitTimeOf(lsn)).toISOString();

async function only(driver: TaskDriver, key = "7"): Promise<ExplainedRow> {
  const { rows } = await driver.explain({ key });
  assert.is(rows.length, 1);
  return rows[0] as ExplainedRow;
}

/** The last id of each sync, by its type and event. */
const idOf = (sent: readonly SegmentMessage[], name: string) =>
  sent.findLast(({ type, event }) => (event ?? type) === name)?.messageId;

const ids = ({ syncs }: ExplainedRow) =>
  Object.fromEntries(syncs.map(({ sync, last }) => [sync, last?.messageId ?? null]));

s("should contain the last message and the start of the membership after each change", async () => {
  const driver = await new TaskDriver({ syncs: SYNCS }).start();
  const added = await driver.pipe(insert(row(), 10));
  const processed = await only(driver);
  assert.is(processed.isStored, false);
  assert.equal(
    processed.syncs.map(({ last }) => last?.response.status),
    ["pending", "pending"],
  );
  await driver.checkpoint();
  const first = await only(driver);
  assert.equal(first.from, { topic: TOPIC, partition: 0, offset: 0 });
  assert.is(first.position, "postgresql|00000000000000000010");
  assert.equal([first.isStored, first.isRemoved, first.values], [true, false, null]);
  assert.equal(first.columns, ["id", "email", "plan"]);
  assert.equal(first.syncs[0], {
    sync: "lifecycle",
    type: "track",
    isNew: false,
    isMember: true,
    since: iso(10),
    last: {
      kind: "added",
      messageId: idOf(added, "Added"),
      from: { topic: TOPIC, partition: 0, offset: 0 },
      commitTime: iso(10),
      response: { status: "settled", time: null, detail: null },
    },
  });
  assert.is(ids(first).traits, idOf(added, "identify"));

  await driver.pipe(update(row({ seen: 1 }), 20));
  const noOp = await only(driver);
  assert.is(noOp.from.offset, 1);
  assert.equal(noOp.syncs, first.syncs, "what changes nothing takes nothing away");

  const changed = await driver.pipe(update(row({ plan: "pro" }), 30));
  const now = await only(driver);
  assert.is(ids(now).traits, idOf(changed, "identify"), "a column that one sync watches");
  assert.is(ids(now).lifecycle, idOf(added, "Added"), "and the other does not");
  assert.is(now.syncs[1]?.since, iso(10));

  const removed = await driver.pipe([remove(7, 40), tombstone(7)]);
  await driver.checkpoint();
  const gone = await only(driver);
  assert.equal([gone.isRemoved, gone.columns], [true, []]);
  assert.equal(
    gone.syncs.map(({ isMember, since, last }) => [isMember, since, last?.kind]),
    [
      [false, null, "removed"],
      [false, null, "identify"],
    ],
  );
  assert.is(ids(gone).lifecycle, idOf(removed, "Removed"));
  assert.is(ids(gone).traits, idOf(changed, "identify"));

  const again = await driver.pipe(insert(row(), 50));
  const back = await only(driver);
  assert.equal(ids(back), { lifecycle: idOf(again, "Added"), traits: idOf(again, "identify") });
  assert.is(back.syncs[0]?.since, iso(50));
  await driver.stop();
});

s("should be the same after a restart, a crash, and a restore from the changelog", async () => {
  const driver = await new TaskDriver({ syncs: SYNCS }).start();
  await driver.pipe([insert(row(), 10), update(row({ email: "b@x" }), 20)]);
  await driver.pipe([insert(row({ id: 8 }), 21), remove(8, 22)]);
  await driver.checkpoint();
  const keys = ["7", "8"];
  const all = () => Promise.all(keys.map((key) => driver.explain({ key })));
  const before = await all();
  await driver.stop();
  await driver.start();
  assert.equal(await all(), before);
  await driver.crash();
  await driver.start();
  assert.equal(await all(), before);
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await driver.clock.advance(0);
  assert.equal(await all(), before);
  await driver.stop();
});

s("should contain ids from a column, and ids of entered and exited messages", async () => {
  const own = LIFECYCLE.replace("lifecycle:", "own:").replace(
    "type: track,",
    "type: track, messageId: ref,",
  );
  const model = `{topic: ${TOPIC}, key: [id], where: row.plan != "free"}`;
  const driver = await new TaskDriver({ model, syncs: `{${own}, ${PAYING}}` }).start();
  await driver.pipe(insert(row(), 10));
  const outside = await only(driver);
  assert.equal(
    outside.syncs.map(({ isMember, last }) => [isMember, last]),
    [
      [false, null],
      [false, null],
    ],
  );
  const entered = await driver.pipe(update(row({ plan: "pro", ref: "a;b,c" }), 20));
  assert.equal(ids(await only(driver)), {
    own: "a;b,c",
    paying: idOf(entered, "Segment Entered"),
  });
  const left = await driver.pipe(update(row({ plan: "free", ref: "d" }), 30));
  const { syncs } = await only(driver);
  assert.equal(
    syncs.map(({ isMember, last }) => [isMember, last?.kind, last?.messageId]),
    [
      [false, "removed", idOf(left, "Removed")],
      [false, "exited", idOf(left, "Segment Exited")],
    ],
  );
  await driver.stop();
});

s(
  "should contain the rows that a truncate in another partition removed, with its record",
  async () => {
    const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}`, partitions: 2 }).start();
    await driver.pipe([insert(row(), 10)], 1);
    await driver.pipe([insert(row({ id: 9 }), 11)], 0);
    const sent = await driver.pipe(truncate(20), 0);
    const gone = await only(driver);
    const id = sent.find(({ userId }) => userId === "7")?.messageId;
    assert.equal([gone.from.partition, gone.isRemoved, ids(gone).lifecycle], [1, true, id]);
    assert.equal(gone.syncs[0]?.last?.from, { topic: TOPIC, partition: 0, offset: 1 });
    await driver.stop();
  },
);

s("should contain the earlier messages of a row under its new key", async () => {
  const header = (name: string, id: number) => ({ [name]: Buffer.from(`{"id":${id}}`) });
  const model = `{topic: ${TOPIC}, keyChange: changed, keyChangeTimeout: 5s}`;
  const syncs = `{${LIFECYCLE.replace("userId: id", "userId: mail").replace("[email]", "[mail]")}, ${TRAITS}}`;
  const driver = await new TaskDriver({ model, syncs, partitions: 2 }).start();
  const first = await driver.pipe(insert(row({ mail: "m" }), 10), 0);
  const goes = { ...remove(7, 20), headers: header("__debezium.newkey", 70) };
  const comes = {
    ...insert(row({ id: 70, mail: "m" }), 20),
    headers: header("__debezium.oldkey", 7),
  };
  const given = await driver.explain({ line: lineOf(goes, 1, 0) });
  assert.match(detail(given, "change"), /^none: the key changes to \[70\]/);
  assert.is(given.record?.isDecided, true);
  const taken = await driver.explain({ line: lineOf(comes, 0, 1) });
  assert.match(detail(taken, "change"), /^the key was \[7\]/);
  assert.is(taken.record?.isDecided, false, "it takes the row of the handover");
  await driver.pipe([goes, tombstone(7)], 0);
  const sent = await driver.pipe(comes, 1);
  assert.equal(
    sent.map(({ type }) => type),
    ["identify"],
    "the track sync watches neither",
  );
  const now = await only(driver, "70");
  assert.is(ids(now).traits, idOf(sent, "identify"));
  assert.is(ids(now).lifecycle, idOf(first, "Added"), "with the id that it had under its old key");
  assert.equal(now.syncs[0]?.last?.from, { topic: TOPIC, partition: 0, offset: 0 });
  assert.is(now.syncs[0]?.since, iso(10));
  const mark = await only(driver, "7");
  assert.equal([mark.isRemoved, mark.syncs[0]?.isMember], [true, false]);
  assert.is(ids(mark).lifecycle, idOf(first, "Added"));
  await driver.stop();
});

s("should contain the messages of a backfill", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  const [added] = await driver.pipe(insert(row(), 10));
  await driver.stop();
  await driver.reconfigure({ syncs: SYNCS }).start();
  const backfilled = await driver.pipe([]);
  const now = await only(driver);
  assert.equal(ids(now), { lifecycle: added?.messageId, traits: idOf(backfilled, "identify") });
  assert.equal(
    now.syncs.map(({ since }) => since),
    [iso(10), iso(10)],
  );
  const later = await driver.pipe(update(row({ plan: "pro" }), 20));
  assert.equal(ids(await only(driver)), {
    lifecycle: added?.messageId,
    traits: idOf(later, "identify"),
  });
  await driver.stop();
});

s("should contain a dead-lettered change", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  await driver.pipe(insert(row(), 10));
  await driver.pipe(update(row({ email: "x".repeat(40_000) }), 20));
  const { last } = (await only(driver)).syncs[0] ?? {};
  assert.equal(
    [last?.kind, last?.messageId, last?.from.offset, last?.response.status],
    ["changed", null, 1, "deadLettered"],
  );
  await driver.stop();
});

s("should show values only with showValues", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  await driver.pipe(insert(row({ email: "secret@x" }), 10));
  const line = lineOf(update(row({ email: "other@x" }), 20), 1);
  const redact = JSON.stringify(await driver.explain({ key: "7", line }));
  assert.not.match(redact, /secret|other@x/);
  const shown = await driver.explain({ line, showValues: true });
  assert.is(shown.rows[0]?.values?.email, "secret@x");
  assert.match(detail(shown, "columns"), /email "secret@x" → "other@x"/);
  assert.is(JSON.parse(shown.record?.messages[0]?.text ?? "").properties.email, "other@x");
  await driver.stop();
});

s("should accept a key in several forms", async () => {
  const model = `{topic: ${TOPIC}, key: [org, id]}`;
  const driver = await new TaskDriver({ model, syncs: `{${LIFECYCLE}}` }).start();
  const change = { ...insert(row(), 10), key: { id: 7, org: "a" } };
  await driver.pipe(change);
  for (const key of ['["a",7]', '[ "a", 7 ]', '{"id": 7, "org": "a"}', '{"org":"a","id":7}']) {
    const { key: read, rows } = await driver.explain({ key });
    assert.equal([read, rows.length], ['["a",7]', 1], key);
  }
  for (const [key, reason] of [
    ["7", /the key 7 is unreadable: .*org, id/],
    ["{", /^the key \{ is unreadable: the bytes cannot be read as JSON/],
  ] as const)
    await rejected(driver.explain({ key }), reason);
  await rejected(driver.explain({ model: "unknown", key: "7" }), /no model "unknown".*users/);
  await rejected(driver.explain({}), /give the key of a row, or a record/);
  await rejected(driver.explain({ line: "{" }), /the record is unreadable/);
  const foreign = JSON.stringify({ ...JSON.parse(lineOf(change, 1)), topic: "other" });
  await rejected(driver.explain({ line: foreign }), /does not read other/);
  await rejected(
    driver.explain({ key: '["b",7]', line: lineOf(change, 1) }),
    /key of the record is \["a",7\]/,
  );
  await driver.stop();
});

s("should list the searched partitions if none has the row", async () => {
  const driver = await new TaskDriver({ partitions: 3 }).start(
    [0, 2].map((partition) => ({ topic: TOPIC, partition })),
  );
  const { searched, rows, notSearched } = await driver.explain({ key: "404" });
  assert.equal([searched, rows, notSearched], [[`${TOPIC}/0`, `${TOPIC}/2`], [], []]);
  const line = lineOf(insert(row(), 10), 0, 1);
  const { record } = await driver.explain({ line });
  assert.match(
    record?.steps.at(-1)?.detail ?? "",
    /state of app.public.users\/1 is not on this machine/,
  );
  assert.is(record?.isDecided, false, "its partition is not here");
  await driver.stop();
});

s("should not be decided if the partition of the record is revoked meanwhile", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  await driver.pipe(insert(row(), 10));
  await driver.checkpoint();
  await driver.store().close();
  const gone = await driver.explain({ line: lineOf(update(row({ email: "b@x" }), 20), 1) });
  assert.equal(
    [gone.searched, gone.notSearched.map(({ partition }) => partition)],
    [[], [`${TOPIC}/0`]],
  );
  assert.match(detail(gone, "offset"), /state of app.public.users\/0 is not on this machine/);
  assert.is(gone.record?.isDecided, false);
  await driver.crash();
});

type Case = {
  readonly title: string;
  readonly before?: readonly Change[];
  readonly next: Change;
  readonly detail: readonly (readonly [about: string, text: RegExp])[];
  /** The messages that the service sends for it. */
  readonly sends: readonly string[];
  readonly model?: string;
  readonly syncs?: string;
};

const FREE = `{topic: ${TOPIC}, key: [id], where: row.plan != "free"}`;
const SKIP = LIFECYCLE.replace("initialResults: send", "initialResults: skip");

const CASES: readonly Case[] = [
  {
    title: "a new row",
    next: insert(row(), 20),
    detail: [
      [
        "record",
        /^json, create, row \[7\] of public.users, committed .*, source position postgresql\|/,
      ],
      ["offset", /next offset 0: the record has not been processed/],
      ["stale", /^no: no row is stored for the key/],
      ["user", /^userId 7$/],
      ["change", /^added/],
      ["message", /^Added, messageId/],
    ],
    sends: ["Added"],
  },
  {
    title: "a change of what is watched",
    before: [insert(row(), 10)],
    next: update(row({ email: "b@x", plan: "pro" }), 20),
    detail: [
      ["stale", /^no: its source position is not before/],
      ["columns", /^watched: id, email; different: email$/],
      ["change", /^changed/],
    ],
    sends: ["Changed"],
  },
  {
    title: "a change of an unwatched column",
    before: [insert(row(), 10)],
    next: update(row({ plan: "pro" }), 20),
    detail: [
      ["columns", /different: none$/],
      ["change", /^unchanged: .*no watched column differs/],
    ],
    sends: [],
  },
  {
    title: "a removal",
    before: [insert(row(), 10)],
    next: remove(7, 20),
    detail: [
      ["record", /^json, delete/],
      ["filter", /^not evaluated: the row is removed/],
      ["change", /^removed/],
    ],
    sends: ["Removed"],
  },
  {
    title: "a removal of a row that was never seen",
    next: remove(7, 20),
    detail: [["change", /^notMember: /]],
    sends: [],
  },
  {
    title: "a row that the filter leaves out",
    model: FREE,
    next: insert(row(), 20),
    detail: [
      ["filter", /does not pass `row.plan != "free"`/],
      ["change", /^notMember: /],
    ],
    sends: [],
  },
  {
    title: "a row that leaves the filter",
    model: FREE,
    before: [insert(row({ plan: "pro" }), 10)],
    next: update(row(), 20),
    detail: [
      ["filter", /does not pass/],
      ["change", /^removed/],
    ],
    sends: ["Removed"],
  },
  {
    title: "a filter that fails",
    model: FREE,
    next: insert({ id: 7, email: "a@x" }, 20),
    detail: [
      [
        "filter",
        /^`row.plan != "free"` failed.*FILTER_FAILED: .*the expression fails: no_such_key/,
      ],
    ],
    sends: [],
  },
  {
    title: "a row without a user",
    syncs: `{${LIFECYCLE.replace("userId: id", "userId: mail")}}`,
    next: insert(row({ mail: null }), 20),
    detail: [
      ["user", /no userId and no anonymousId/],
      ["change", /^missingUserRejected: .*dead letter queue/],
    ],
    sends: [],
  },
  {
    title: "a row without a user, for a sync that is named as its model",
    syncs: `{${LIFECYCLE.replace("lifecycle:", "users:").replace("userId: id", "userId: mail")}}`,
    next: insert(row({ mail: null }), 20),
    detail: [
      ["filter", /^none: the model includes every row$/],
      ["change", /^missingUserRejected: .*dead letter queue/],
    ],
    sends: [],
  },
  {
    title: "a row that is passed over, for a sync that is named as a model whose filter fails",
    model: `{topic: ${TOPIC}, key: [id]}, lifecycle: {topic: ${TOPIC}, key: [id], where: row.away}`,
    syncs: `{${LIFECYCLE.replace("userId: id", "userId: mail, missingUser: ignore")}}`,
    next: insert(row({ mail: null }), 20),
    detail: [["change", /^missingUser: .* is ignored$/]],
    sends: [],
  },
  {
    title: "an older version that Debezium tells again",
    before: [insert(row(), 10), update(row({ email: "b@x" }), 30)],
    next: update(row({ email: "z@x" }), 20),
    detail: [["stale", /^yes: its source position .*20 is before .*30 of the stored row/]],
    sends: [],
  },
  {
    title: "a lower place, committed later",
    before: [insert(row(), 30)],
    next: update(row({ email: "z@x" }), 20, { ts_ms: commitTimeOf(99) }),
    detail: [["stale", /^no: .*commit time is later/]],
    sends: ["Changed"],
  },
  {
    title: "a record from before a truncate",
    before: [insert(row(), 10), truncate(30)],
    next: update(row({ email: "z@x" }), 20),
    detail: [["stale", /^yes: the table was truncated/]],
    sends: [],
  },
  {
    title: "the tombstone behind a delete",
    before: [insert(row(), 10), remove(7, 20)],
    next: tombstone(7),
    detail: [
      ["record", /^tombstone of row \[7\]/],
      ["stale", /belongs to the delete before it/],
    ],
    sends: [],
  },
  {
    title: "a snapshot's read, as an initial result",
    syncs: `{${SKIP}}`,
    next: read(row(), 20),
    detail: [["change", /^initialResult: the record is a snapshot read/]],
    sends: [],
  },
  {
    title: "an update of a row that was never seen, as an initial result",
    syncs: `{${SKIP}}`,
    next: update(row(), 20),
    detail: [["change", /^initialResult: the record updates a row that was never seen/]],
    sends: [],
  },
  {
    title: "a kind of change that the sync does not send",
    syncs: `{${LIFECYCLE.replace("changed: Changed, ", "")}}`,
    before: [insert(row(), 10)],
    next: update(row({ email: "b@x" }), 20),
    detail: [
      ["change", /^changed/],
      ["message", /^none: `events.changed` is not set/],
    ],
    sends: [],
  },
  {
    title: "an audience's member that stays",
    syncs: `{${PAYING.replace("userId: id", "userId: id, watch: [plan]")}}`,
    before: [insert(row(), 10)],
    next: update(row({ plan: "pro" }), 20),
    detail: [["message", /^none: track-entered-exited sends nothing for a member that stays/]],
    sends: [],
  },
  {
    title: "a message that is too large",
    next: insert(row({ email: "x".repeat(40_000) }), 20),
    detail: [["message", /^none: .*dead letter queue: MESSAGE_TOO_LARGE/]],
    sends: [],
  },
  {
    title: "an audience's member under another user, whose second message is too large",
    syncs: `{${PAYING.replace("userId: id", "userId: mail, properties: [email]")}}`,
    before: [insert(row({ mail: "m" }), 10)],
    next: update(row({ mail: "n", email: "x".repeat(40_000) }), 20),
    detail: [["message", /^none: .*dead letter queue: MESSAGE_TOO_LARGE/]],
    sends: [],
  },
  {
    title: "a row that its changelog cannot take",
    next: insert(row({ note: "x".repeat(10_000_000) }), 20),
    detail: [["change", /^none: .*dead letter queue: ROW_TOO_LARGE: /]],
    sends: [],
  },
  {
    title: "no row at all",
    next: { ...heartbeat(), key: { id: 7 } },
    detail: [["record", /^heartbeat, not a row/]],
    sends: [],
  },
  {
    title: "what cannot be read",
    next: { key: { id: 7 }, value: "{" },
    detail: [["record", /^unreadable: .*dead letter queue: INVALID_JSON/]],
    sends: [],
  },
];

for (const { title, before = [], next, detail: expected, sends, ...setup } of CASES) {
  s(`should explain ${title} as the service processes it then`, async () => {
    const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}`, ...setup }).start();
    await driver.pipe(before);
    const explanation = await driver.explain({ key: "7", line: lineOf(next, before.length) });
    for (const [about, text] of expected) assert.match(detail(explanation, about), text);
    assert.is(explanation.record?.isDecided, true);
    const sent = await driver.pipe(next);
    assert.equal(
      sent.map(({ event }) => event),
      sends,
    );
    assert.equal(
      explanation.record?.messages.map(({ messageId }) => messageId),
      sent.map(({ messageId }) => messageId),
    );
    await driver.stop();
  });
}

s("should not be decided for a TRUNCATE", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  await driver.pipe(insert(row(), 10));
  const { record } = await driver.explain({ key: "7", line: lineOf(truncate(20), 1) });
  assert.equal([record?.messages, record?.isDecided], [[], false]);
  assert.is((await driver.pipe(truncate(20))).length, 1);
  await driver.stop();
});

s("should show that a record was processed, and what it would do now", async () => {
  const driver = await new TaskDriver({ syncs: `{${LIFECYCLE}}` }).start();
  const [first, second] = [insert(row(), 10), update(row({ email: "b@x" }), 20)];
  await driver.pipe([first, second]);
  const own = await driver.explain({ line: lineOf(second, 1) });
  assert.match(detail(own, "offset"), /has been processed; the stored row is its result/);
  assert.match(detail(own, "change"), /^unchanged: /);
  const old = await driver.explain({ line: lineOf(first, 0) });
  assert.match(detail(old, "offset"), /has been processed\. The next steps/);
  assert.match(detail(old, "stale"), /^yes: /);
  assert.is(await count(driver), 2, "a question sends nothing");
  await driver.stop();
});

function lineOf(change: Change, offset: number, partition = 0): string {
  return JSON.stringify(recordedForm(recordOf({ ...change, offset, partition })));
}

function detail({ record }: Explanation, about: string): string {
  return record?.steps.find((step) => step.about === about)?.detail ?? `nothing about ${about}`;
}

async function count(driver: TaskDriver): Promise<number> {
  await driver.pipe([]);
  return driver.segment.taken.length;
}

async function rejected(asked: Promise<unknown>, reason: RegExp): Promise<void> {
  const error = (await asked.catch((error) => error)) as CdcError;
  assert.is(error.code, "ARGUMENTS");
  assert.match(error.message, reason);
}

s.run();
