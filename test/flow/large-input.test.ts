import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, read, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: records of ten megabytes, with very many columns or reserved column names");

/** Not a measure of speed: only a hang takes longer than this. */
const TIMEOUT_MS = 60_000;
/** The changelog accepts records of 5 MB, not of 10 MB. */
const MB_10 = 10_000_000;
const MB_5 = 5_000_000;
const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}, initialResults: send";
const ALL_COLUMNS = {
  syncs: `{lifecycle: {model: users, type: track, userId: id, properties: "*", ${EVENTS}}}`,
};

/** The sent messages and dead letters of the changes. */
async function outcome(changes: readonly Change[], setup: object = {}) {
  const started = performance.now();
  const driver = await new TaskDriver(setup).start();
  const sent = await driver.pipe(changes);
  const { counters, failures } = driver;
  await driver.stop();
  assert.ok(performance.now() - started < TIMEOUT_MS, "it took too long");
  assert.equal(failures, []);
  const deadLetters = driver.deadLetters.map(
    ({ record, error }) => `${error.code} @${record.offset}`,
  );
  const events = sent.map(({ event, userId }) => `${event} ${userId}`);
  return { sent, events, deadLetters, counters, driver };
}

s("should send ten megabytes of invalid JSON to the DLQ, complete", async () => {
  const value = `{"id":"${"x".repeat(MB_10)}`;
  const changes = [insert({ id: 1 }, 10), { key: { id: 2 }, value }, insert({ id: 3 }, 11)];
  const { events, deadLetters, driver } = await outcome(changes);
  assert.equal(events, ["Added 1", "Added 3"]);
  assert.equal(deadLetters, ["INVALID_JSON @1"]);
  const [deadLetter] = driver.deadLetters;
  assert.is(deadLetter?.record.value?.length, Buffer.byteLength(value));
  assert.ok((deadLetter?.error.message.length ?? Number.POSITIVE_INFINITY) < 2_100);
});

s(
  "should process a row of five megabytes as any other if no sync sends the large column",
  async () => {
    const row = { id: 1, email: "a@x", note: "x".repeat(MB_5) };
    const changes = [insert(row, 10), read(row, 11), update({ ...row, email: "b@x" }, 12)];
    const { events, deadLetters, counters } = await outcome(changes);
    assert.equal(events, ["Added 1", "Changed 1"]);
    assert.equal(deadLetters, []);
    assert.is(counters.get("unchanged"), 1);
  },
);

s("should send a message that is too large to the DLQ, once", async () => {
  const row = { id: 1, note: "x".repeat(MB_5) };
  const changes = [insert(row, 10), read(row, 11), insert({ id: 2 }, 12)];
  const { events, deadLetters } = await outcome(changes, ALL_COLUMNS);
  assert.equal(events, ["Added 2"]);
  assert.equal(deadLetters, ["MESSAGE_TOO_LARGE @0"]);
});

s("should send a row that is too large for the changelog to the DLQ", async () => {
  const row = { id: 1, note: "x".repeat(MB_10) };
  const { events, deadLetters } = await outcome([insert(row, 10), insert({ id: 2 }, 12)]);
  assert.equal(events, ["Added 2"]);
  assert.equal(deadLetters, ["ROW_TOO_LARGE @0"]);
});

s("should process a row of 50,000 columns that are all unavailable", async () => {
  const columns = (value: string) =>
    Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`c${i}`, value]));
  const row = { id: 1, ...columns("~") };
  const syncs = `{lifecycle: {model: users, type: track, userId: id, properties: [email], watch: "*", ${EVENTS}}}`;
  const model = `{topic: ${TOPIC}, key: [id], unavailableValue: "~"}`;
  const { events, counters } = await outcome(
    [insert(row, 10), update(row, 20), update({ ...row, ...columns("x") }, 30)],
    { syncs, model },
  );
  assert.equal(events, ["Added 1", "Changed 1"]);
  assert.is(counters.get("unchanged"), 1);
});

s("should send columns that are named as object properties", async () => {
  const columns = '{"__proto__":{"a":1},"constructor":2,"toString":null,"hasOwnProperty":"x"}';
  const row = JSON.parse(columns.replace("{", '{"id":1,'));
  const { sent, counters } = await outcome([insert(row, 10), update(row, 20)], ALL_COLUMNS);
  assert.is(JSON.stringify(sent[0]?.properties), columns.replace("{", '{"id":1,'));
  assert.is(counters.get("unchanged"), 1);
});

s("should send half of a surrogate pair, and recognize the unchanged value", async () => {
  const row = { id: "\ud800", email: "\udc00" };
  const { sent, counters } = await outcome([insert(row, 10), update(row, 20)]);
  assert.equal([sent[0]?.userId, sent[0]?.properties?.email], ["\ud800", "\udc00"]);
  assert.is(counters.get("unchanged"), 1);
});

s.run();
