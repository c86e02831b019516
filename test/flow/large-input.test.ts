import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, read, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: records of ten megabytes, of very many columns and of strange names");

/** No measure of speed: what hangs takes longer than this on any machine. */
const SOON_MS = 60_000;
/** More than a changelog takes, and less. */
const MB_10 = 10_000_000;
const MB_5 = 5_000_000;
const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}, initialResults: send";
const EVERYTHING = {
  syncs: `{life: {model: users, type: track, userId: id, properties: "*", ${EVENTS}}}`,
};

/** What was sent and set aside of the changes, which must not take long. */
async function outcome(changes: readonly Change[], setup: object = {}) {
  const started = performance.now();
  const driver = await new TaskDriver(setup).start();
  const sent = await driver.pipe(changes);
  const { counters, failures } = driver;
  await driver.stop();
  assert.ok(performance.now() - started < SOON_MS, "it took too long");
  assert.equal(failures, []);
  const deadLetters = driver.deadLetters.map(
    ({ record, error }) => `${error.code} @${record.offset}`,
  );
  const told = sent.map(({ event, userId }) => `${event} ${userId}`);
  return { sent, told, deadLetters, counters, driver };
}

s("should set aside ten megabytes that are no JSON, with all of their bytes", async () => {
  const value = `{"id":"${"x".repeat(MB_10)}`;
  const changes = [insert({ id: 1 }, 10), { key: { id: 2 }, value }, insert({ id: 3 }, 11)];
  const { told, deadLetters, driver } = await outcome(changes);
  assert.equal(told, ["Added 1", "Added 3"]);
  assert.equal(deadLetters, ["INVALID_JSON @1"]);
  const [deadLetter] = driver.deadLetters;
  assert.is(deadLetter?.record.value?.length, Buffer.byteLength(value));
  assert.ok((deadLetter?.error.message.length ?? Number.POSITIVE_INFINITY) < 2_100);
});

s("should follow a row of five megabytes as any other, where no sync sends them", async () => {
  const row = { id: 1, email: "a@x", note: "x".repeat(MB_5) };
  const changes = [insert(row, 10), read(row, 11), update({ ...row, email: "b@x" }, 12)];
  const { told, deadLetters, counters } = await outcome(changes);
  assert.equal(told, ["Added 1", "Changed 1"]);
  assert.equal(deadLetters, []);
  assert.is(counters.get("calls_not_made"), 1);
});

s("should set aside the message of a row that is too large to send, once", async () => {
  const row = { id: 1, note: "x".repeat(MB_5) };
  const changes = [insert(row, 10), read(row, 11), insert({ id: 2 }, 12)];
  const { told, deadLetters } = await outcome(changes, EVERYTHING);
  assert.equal(told, ["Added 2"]);
  assert.equal(deadLetters, ["MESSAGE_TOO_LARGE @0"]);
});

s("should set aside a row that its changelog cannot take", async () => {
  const row = { id: 1, note: "x".repeat(MB_10) };
  const { told, deadLetters } = await outcome([insert(row, 10), insert({ id: 2 }, 12)]);
  assert.equal(told, ["Added 2"]);
  assert.equal(deadLetters, ["ROW_TOO_LARGE @0"]);
});

s("should follow a row of 50,000 columns that are all unavailable", async () => {
  const columns = (value: string) =>
    Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`c${i}`, value]));
  const row = { id: 1, ...columns("~") };
  const syncs = `{life: {model: users, type: track, userId: id, properties: [email], watch: "*", ${EVENTS}}}`;
  const model = `{topic: ${TOPIC}, key: [id], unavailableValue: "~"}`;
  const { told, counters } = await outcome(
    [insert(row, 10), update(row, 20), update({ ...row, ...columns("x") }, 30)],
    { syncs, model },
  );
  assert.equal(told, ["Added 1", "Changed 1"]);
  assert.is(counters.get("calls_not_made"), 1);
});

s("should send columns named like an object's own under their names", async () => {
  const columns = '{"__proto__":{"a":1},"constructor":2,"toString":null,"hasOwnProperty":"x"}';
  const row = JSON.parse(columns.replace("{", '{"id":1,'));
  const { sent, counters } = await outcome([insert(row, 10), update(row, 20)], EVERYTHING);
  assert.is(JSON.stringify(sent[0]?.properties), columns.replace("{", '{"id":1,'));
  assert.is(counters.get("calls_not_made"), 1);
});

s("should send half of a surrogate pair, and know it again", async () => {
  const row = { id: "\ud800", email: "\udc00" };
  const { sent, counters } = await outcome([insert(row, 10), update(row, 20)]);
  assert.equal([sent[0]?.userId, sent[0]?.properties?.email], ["\ud800", "\udc00"]);
  assert.is(counters.get("calls_not_made"), 1);
});

s.run();
