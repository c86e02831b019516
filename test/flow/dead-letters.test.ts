import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError, messageWithDetails } from "../../src/lib/errors.ts";
import { envelope, TOPIC } from "../support/debezium.ts";
import { type Change, insert, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: dead letters");

const MODEL = `{topic: ${TOPIC}, key: [id], where: row.plan != "free", columns: {born: date}}`;
const SYNCS = `{lifecycle: {model: users, type: track, userId: user, properties: [bio], timestamp: due,
  initialResults: send, events: {added: Added, changed: Changed}}}`;

const row = (more: object = {}) => ({ id: 1, user: "u1", plan: "pro", ...more });
const good = (id: number, lsn: number) => insert({ ...row({ user: `u${id}` }), id }, lsn);

type Bad = {
  readonly title: string;
  readonly change: Change;
  readonly code: string;
  readonly reason: RegExp;
  readonly by?: string;
};

const BAD: readonly Bad[] = [
  {
    title: "unreadable JSON",
    change: { key: { id: 1 }, value: "{oops" },
    code: "INVALID_JSON",
    reason: /\{oops/,
  },
  {
    title: "Avro without a registry",
    change: { key: { id: 1 }, value: Buffer.from([0, 0, 0, 0, 1, 2, 3]) },
    code: "UNKNOWN_SCHEMA",
    reason: /registry/i,
  },
  {
    title: "an unknown shape",
    change: { key: { id: 1 }, value: [1] },
    code: "UNKNOWN_SHAPE",
    reason: /\[1\]/,
  },
  {
    title: "an unknown operation",
    change: { key: { id: 1 }, value: envelope({ op: "z", after: row() }) },
    code: "UNKNOWN_SHAPE",
    reason: /"z"/,
  },
  {
    title: "a value that is not of its column's type",
    change: insert(row({ born: [1] }) as never, 20),
    code: "UNREADABLE_VALUE",
    reason: /column "born"/,
  },
  {
    title: "a row without its user",
    change: insert(row({ user: null }) as never, 20),
    code: "MISSING_USER",
    reason: /user/,
    by: "lifecycle",
  },
  {
    title: "a message over 32 KB",
    change: insert(row({ bio: "x".repeat(32_000) }) as never, 20),
    code: "MESSAGE_TOO_LARGE",
    reason: /32 KB/,
    by: "lifecycle",
  },
  {
    title: "a message over 32 KB in bytes, though not in characters",
    change: insert(row({ bio: "é".repeat(16_000) }) as never, 20),
    code: "MESSAGE_TOO_LARGE",
    reason: /32 KB/,
    by: "lifecycle",
  },
  {
    title: "a column missing in `where`",
    change: insert({ id: 1, user: "u1" }, 20),
    code: "FILTER_FAILED",
    reason: /plan/,
    by: "users",
  },
  {
    title: "a timestamp that is none",
    change: insert(row({ due: "yesterday" }) as never, 20),
    code: "UNREADABLE_TIMESTAMP",
    reason: /yesterday/,
    by: "lifecycle",
  },
  {
    title: "no key",
    change: { ...insert(row() as never, 20), key: null },
    code: "MISSING_KEY",
    reason: /message\.key\.columns/,
  },
  {
    title: "a tombstone without a key",
    change: { key: null, value: null },
    code: "MISSING_KEY",
    reason: /message\.key\.columns/,
  },
  {
    title: "a key that is not the model's",
    change: { ...insert(row() as never, 20), key: { uid: 1 } },
    code: "KEY_MISMATCH",
    reason: /uid/,
  },
  {
    title: "a key that is a broken schema block",
    change: { ...insert(row() as never, 20), key: '{"schema":{' },
    code: "INVALID_JSON",
    reason: /record key/,
  },
  {
    title: "a document that is no JSON",
    change: { key: { id: 1 }, value: envelope({ op: "c", after: "{oops" }) },
    code: "UNKNOWN_SHAPE",
    reason: /oops/,
  },
  {
    title: "a commit time that no calendar has",
    change: { key: { id: 1 }, value: envelope({ op: "c", after: row(), source: { ts_ms: 1e17 } }) },
    code: "",
    reason: /^/,
  },
];

for (const { title, change, code, reason, by } of BAD) {
  s(`should ${code === "" ? "accept" : "dead-letter"} ${title} and continue`, async () => {
    const driver = await new TaskDriver({ model: MODEL, syncs: SYNCS }).start();
    const sent = await driver.pipe([good(7, 10), change, good(8, 30)]);
    await driver.stop();
    assert.equal(
      sent.map(({ userId }) => userId).filter((id) => id !== "u1"),
      ["u7", "u8"],
    );
    if (code === "") return assert.is(sent.length, 3);
    assert.is(sent.length, 2);
    assert.is(driver.deadLetters.length, 1);
    const [deadLetter] = driver.deadLetters;
    assert.is(deadLetter?.error.code, code);
    assert.match(messageWithDetails(deadLetter?.error), reason);
    assert.is(deadLetter?.by, by);
    const { topic, partition, offset } = deadLetter?.record ?? {};
    assert.equal([topic, partition, offset], [TOPIC, 0, 1]);
    assert.is(driver.source.committed.get(`${TOPIC}/0`), 3);
  });
}

s(
  "should dead-letter a message that Segment rejects, and deliver the rest of the batch",
  async () => {
    const driver = await new TaskDriver({ model: MODEL, syncs: SYNCS }).start();
    driver.segment.response = (messages) =>
      messages.some(({ userId }) => userId === "u8")
        ? { status: 400, body: "no" }
        : { status: 200, body: "" };
    await driver.pipe([good(7, 10), good(8, 11), good(9, 12)]);
    await driver.stop();
    assert.equal(
      driver.segment.taken.map(({ userId }) => userId),
      ["u7", "u9"],
    );
    const [deadLetter] = driver.deadLetters;
    assert.is(deadLetter?.error.code, "REFUSED_BY_SEGMENT");
    assert.is(deadLetter?.record.offset, 1);
    assert.is(JSON.parse(deadLetter?.message ?? "{}").userId, "u8");
  },
);

s("should treat a row whose message was too large as sent", async () => {
  const driver = await new TaskDriver({ model: MODEL, syncs: SYNCS }).start();
  await driver.pipe(insert(row({ bio: "x".repeat(32_000) }) as never, 10));
  const sent = await driver.pipe(update(row({ bio: "short" }) as never, 20));
  assert.equal(
    sent.map(({ event }) => event),
    ["Changed"],
  );
  await driver.stop();
});

s("should send neither half of a change if one is too large", async () => {
  const syncs =
    "{paying: {model: users, type: track-entered-exited, userId: user, properties: [bio], initialResults: send}}";
  const driver = await new TaskDriver({ model: MODEL, syncs }).start();
  await driver.pipe(insert(row({ bio: "short" }) as never, 10));
  const moved = row({ user: "u2", bio: "x".repeat(32_000) });
  assert.equal(await driver.pipe(update(moved as never, 20)), []);
  assert.is(driver.counters.sync("paying").messages, 1, "the first one's");
  await driver.stop();
  assert.equal(
    driver.deadLetters.map(({ by, error, change }) => [
      by,
      error.code,
      JSON.parse(change ?? "").kind,
    ]),
    [["paying", "MESSAGE_TOO_LARGE", "changed"]],
  );
});

const oops = Array.from({ length: 5 }, () => ({ key: { id: 1 }, value: "{oops" }));

s("should stop after too many consecutive rejected records", async () => {
  const driver = await new TaskDriver({ more: "deadLetters: {maxConsecutive: 5}" }).start();
  await driver.pipe(oops);
  assert.equal(
    driver.failures.map((error) => (error as CdcError).code),
    ["TOO_MANY_DEAD_LETTERS"],
  );
  await driver.stop();
});

s("should not stop if accepted records are between them", async () => {
  const driver = await new TaskDriver({ more: "deadLetters: {maxConsecutive: 5}" }).start();
  await driver.pipe([...oops.slice(1), insert({ id: 1 }, 10), ...oops.slice(1)]);
  assert.equal(driver.failures, []);
  assert.is(driver.counters.get("dead_letters"), 8);
  await driver.stop();
});

s("should stop if every second record of the process is rejected, in any partition", async () => {
  const more = "deadLetters: {maxConsecutive: 5, maxRatio: 0.5, ratioWindow: 10}";
  const driver = await new TaskDriver({ more, partitions: 2 }).start();
  const pairs = (first: number) =>
    Array.from({ length: 2 }, (_, i) => [insert({ id: first + i }, 10), oops[i] as Change]).flat();
  await driver.pipe(pairs(1), 0);
  await driver.pipe(pairs(11), 1);
  assert.equal(driver.failures, []);
  await driver.pipe(pairs(21), 0);
  const [failure] = driver.failures as CdcError[];
  assert.is(failure?.code, "TOO_MANY_DEAD_LETTERS");
  assert.match(
    failure?.message ?? "",
    /5 of the last records were rejected.* deadLetters\.maxRatio/,
  );
  await driver.stop();
});

s("should not store an offset past a dead letter that could not be written", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert({ id: 1 }, 10)]);
  await driver.checkpoint();
  driver.deadLetterFailure = new CdcError("ENTRY_TOO_LARGE", "the dead letters' topic is gone");
  await driver.pipe([insert({ id: 2 }, 11), { key: { id: 3 }, value: "{oops" }]);
  await driver.checkpoint();
  assert.is(driver.failures.length, 1);
  driver.deadLetterFailure = null;
  await driver.stop();
  assert.equal(driver.deadLetters, []);

  await driver.start();
  assert.ok(driver.source.calls.includes("seek 0 1"), "from the record after the last checkpoint");
  await driver.pipe([]);
  await driver.stop();
  assert.equal(
    driver.deadLetters.map(({ record }) => record.offset),
    [2],
  );
});

s.run();
