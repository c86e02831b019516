import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, remove, tombstone, truncate, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: a primary-key change as one change");

const WAIT_MS = 5_000;
const MODEL = `{topic: ${TOPIC}, keyChange: changed, keyChangeTimeout: ${WAIT_MS}ms}`;
const SYNCS = `{
  life: {model: users, type: track, userId: mail, properties: [id, mail], initialResults: send,
    events: {added: Added, changed: Changed, removed: Removed}},
  audience: {model: users, type: track-entered-exited, userId: mail, initialResults: send}}`;

const textsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`);
const header = (name: string, key: object) => ({ [name]: Buffer.from(JSON.stringify(key)) });
const goes = (id: number, to: number, lsn: number): Change[] => [
  { ...remove(id, lsn), headers: header("__debezium.newkey", { id: to }) },
  tombstone(id),
];
const comes = (from: number, row: { id: number; mail?: string | null }, lsn: number): Change => ({
  ...insert(row, lsn),
  headers: header("__debezium.oldkey", { id: from }),
});

/** Row 1 of the user a@x in partition 0. */
async function filled(more: object = {}): Promise<TaskDriver> {
  const driver = new TaskDriver({ partitions: 3, model: MODEL, syncs: SYNCS, ...more });
  await driver.start();
  await driver.pipe(insert({ id: 1, mail: "a@x" }, 10));
  driver.taken();
  return driver;
}

for (const partition of [0, 1]) {
  s(`should send one changed event, in ${partition + 1} partition(s)`, async () => {
    const driver = await filled();
    const sent = [
      ...(await driver.pipe(goes(1, 2, 20), 0)),
      ...(await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 20), partition)),
    ];
    assert.equal(textsOf(sent), ["Changed a@x"]);
    assert.is(sent[0]?.properties?.id, 2);
    assert.is(driver.counters.get("key_changes"), 1);
    // The row continues under its new key.
    const after = await driver.pipe(remove(2, 30), partition);
    assert.equal(textsOf(after).sort(), ["Removed a@x", "Segment Exited a@x"]);
    await driver.stop();
  });
}

s("should wait if the create arrives first, and continue with other rows meanwhile", async () => {
  const driver = await filled();
  const first = await driver.pipe(
    [comes(1, { id: 2, mail: "a@x" }, 20), insert({ id: 7, mail: "b@x" }, 21)],
    1,
  );
  assert.equal(textsOf(first), ["Added b@x", "Segment Entered b@x"]);
  assert.equal(textsOf(await driver.pipe(goes(1, 2, 20), 0)), ["Changed a@x"]);
  await driver.stop();
});

s("should preserve the order of changes of the new key while it waits", async () => {
  const driver = await filled();
  const early = [comes(1, { id: 2, mail: "a@x" }, 20), update({ id: 2, mail: "c@x" }, 21)];
  assert.equal(await driver.pipe(early, 1), []);
  const sent = await driver.pipe(goes(1, 2, 20), 0);
  assert.equal(
    textsOf(sent).filter((text) => !text.startsWith("Segment")),
    ["Changed a@x", "Changed c@x"],
  );
  assert.equal(
    textsOf(sent).filter((text) => text.startsWith("Segment")),
    ["Segment Exited a@x", "Segment Entered c@x"],
  );
  await driver.stop();
});

s(
  "should not store an offset while a create waits, and process it again after a crash",
  async () => {
    const driver = await filled();
    await driver.pipe(
      [insert({ id: 7, mail: "b@x" }, 19), comes(1, { id: 2, mail: "a@x" }, 20)],
      1,
    );
    await driver.checkpoint();
    assert.is(driver.source.committed.get(`${TOPIC}/1`), undefined);
    await driver.crash();
    await driver.start();
    // Row 7 is sent again, with the same ids.
    assert.equal(textsOf(await driver.pipe([])), ["Added b@x", "Segment Entered b@x"]);
    assert.equal(textsOf(await driver.pipe(goes(1, 2, 20), 0)), ["Changed a@x"]);
    await driver.checkpoint();
    assert.is(driver.source.committed.get(`${TOPIC}/1`), 2);
    await driver.stop();
  },
);

s("should hand the row over again after a crash of the delete's task", async () => {
  for (const moment of [
    "before control",
    "after control",
    "before store",
    "after store",
  ] as const) {
    const driver = await filled();
    await driver.checkpoint();
    driver.crashOn(moment);
    await driver.pipe(goes(1, 2, 20), 0);
    await driver.checkpoint();
    await driver.crash();
    await driver.start();
    const sent = await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 20), 1);
    assert.equal(textsOf(sent), ["Changed a@x"], moment);
    await driver.stop();
  }
});

s("should not store an offset past the delete before its row is in the control topic", async () => {
  const driver = await filled();
  await driver.checkpoint();
  const { promise, resolve } = Promise.withResolvers<void>();
  driver.holdControl = promise;
  await driver.pipe(goes(1, 2, 20), 0);
  await driver.checkpoint();
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 1);
  resolve();
  await driver.checkpoint();
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 3);
  await driver.stop();
});

s("should be abandoned without an error while Segment and the control topic are away", async () => {
  const driver = await filled();
  await driver.checkpoint();
  driver.holdControl = new Promise(() => {});
  driver.segment.hold();
  await driver.pipe([insert({ id: 7, mail: "b@x" }, 19), ...goes(1, 2, 20)], 0);
  await driver.checkpoint();
  driver.source.assign([]);
  await driver.pipe([]);
  assert.not(driver.store(0).isOpen);
  assert.equal(driver.failures, []);
});

s("should retain a handover until its create arrives, after restarts too", async () => {
  const driver = await filled();
  await driver.pipe(goes(1, 2, 20), 0);
  await driver.checkpoint();
  await driver.stop();
  await driver.start();
  assert.equal(textsOf(await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 20), 2)), [
    "Changed a@x",
  ]);
  await driver.checkpoint();
  for (const partition of [0, 1, 2]) assert.equal(driver.store(partition).keys("h"), []);
  await driver.stop();
});

s("should send it once, although it is repeated", async () => {
  const driver = await filled();
  const twice = async () => [
    ...(await driver.pipe(goes(1, 2, 20), 0)),
    ...(await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 20), 1)),
  ];
  assert.equal(textsOf([...(await twice()), ...(await twice())]), ["Changed a@x"]);
  await driver.checkpoint();
  for (const partition of [0, 1, 2]) assert.equal(driver.store(partition).keys("h"), []);
  await driver.stop();
});

s("should follow a key that changes twice and back", async () => {
  const driver = await filled();
  const steps: [Change[], number][] = [
    [goes(1, 2, 20), 0],
    [[comes(1, { id: 2, mail: "a@x" }, 20), ...goes(2, 1, 30)], 1],
    [[comes(2, { id: 1, mail: "a@x" }, 30), ...goes(1, 2, 40)], 0],
    [[comes(1, { id: 2, mail: "a@x" }, 40)], 1],
  ];
  const sent: SegmentMessage[] = [];
  for (const [changes, partition] of steps) sent.push(...(await driver.pipe(changes, partition)));
  assert.equal(textsOf(sent), ["Changed a@x", "Changed a@x", "Changed a@x"]);
  assert.is(new Set(sent.map(({ messageId }) => messageId)).size, 3);
  await driver.stop();
});

s("should follow a key that changes again in one partition before its first handover", async () => {
  const driver = await filled();
  const early = [comes(1, { id: 2, mail: "a@x" }, 20), ...goes(2, 3, 30)];
  assert.equal(await driver.pipe([...early, comes(2, { id: 3, mail: "a@x" }, 30)], 1), []);
  assert.equal(textsOf(await driver.pipe(goes(1, 2, 20), 0)), ["Changed a@x", "Changed a@x"]);
  assert.is(driver.counters.get("key_changes_timed_out"), 0);
  await driver.checkpoint();
  for (const partition of [0, 1, 2]) assert.equal(driver.store(partition).keys("h"), []);
  await driver.stop();
});

s("should distinguish two rows with the same key change before the first has arrived", async () => {
  const driver = await filled();
  const again = insert({ id: 1, mail: "b@x" }, 30);
  await driver.pipe([...goes(1, 2, 20), again, ...goes(1, 2, 40)], 0);
  driver.taken();
  const first = [comes(1, { id: 2, mail: "a@x" }, 20), remove(2, 25), tombstone(2)];
  const sent = await driver.pipe([...first, comes(1, { id: 2, mail: "b@x" }, 40)], 1);
  assert.equal(
    textsOf(sent).filter((text) => !text.startsWith("Segment")),
    ["Changed a@x", "Removed a@x", "Changed b@x"],
  );
  await driver.checkpoint();
  for (const partition of [0, 1, 2]) assert.equal(driver.store(partition).keys("h"), []);
  await driver.stop();
});

s("should send exited and entered if the user changes too", async () => {
  const driver = await filled();
  await driver.pipe(goes(1, 2, 20), 0);
  const sent = await driver.pipe(comes(1, { id: 2, mail: "b@x" }, 20), 1);
  assert.equal(textsOf(sent), ["Changed b@x", "Segment Exited a@x", "Segment Entered b@x"]);
  await driver.stop();
});

s(
  "should send removed if the row is not a member under its new key, and added if it becomes one",
  async () => {
    const model = `{topic: ${TOPIC}, keyChange: changed, where: row.id < 10}`;
    const driver = await filled({ model });
    await driver.pipe(goes(1, 12, 20), 0);
    const left = await driver.pipe(comes(1, { id: 12, mail: "a@x" }, 20), 1);
    assert.equal(textsOf(left), ["Removed a@x", "Segment Exited a@x"]);
    await driver.pipe(goes(12, 3, 30), 1);
    const came = await driver.pipe(comes(12, { id: 3, mail: "a@x" }, 30), 2);
    assert.equal(textsOf(came), ["Added a@x", "Segment Entered a@x"]);
    await driver.stop();
  },
);

s("should send changed without previous values after keyChangeTimeout", async () => {
  const driver = await filled();
  assert.equal(await driver.pipe(comes(1, { id: 2, mail: "b@x" }, 20), 1), []);
  await driver.clock.advance(WAIT_MS - 1);
  assert.equal(driver.taken(), []);
  await driver.clock.advance(2);
  assert.equal(textsOf(driver.taken()), ["Changed b@x", "Segment Entered b@x"]);
  assert.is(driver.counters.get("key_changes_timed_out"), 1);
  // The old user leaves the audience when the handover arrives.
  assert.equal(textsOf(await driver.pipe(goes(1, 2, 20), 0)), ["Segment Exited a@x"]);
  assert.equal(textsOf(await driver.pipe(remove(2, 30), 1)), ["Removed b@x", "Segment Exited b@x"]);
  await driver.stop();
});

s("should not wait for a row that was never seen under its old key", async () => {
  const driver = await filled();
  await driver.pipe(goes(8, 9, 20), 0);
  const sent = await driver.pipe(comes(8, { id: 9, mail: "z@x" }, 20), 1);
  assert.equal(textsOf(sent), ["Changed z@x", "Segment Entered z@x"]);
  await driver.stop();
});

s(
  "should stop processing when too many changes wait for a create, until it times out",
  async () => {
    const driver = await filled({ more: "checkpoint: {rows: 10}" });
    const many = Array.from({ length: 60 }, (_, i) => insert({ id: 100 + i, mail: `${i}@x` }, 30));
    await driver.pipe([comes(1, { id: 2, mail: "a@x" }, 20), ...many], 1);
    await driver.pipe(
      many.map(({ key }) => ({ ...update({ ...(key as { id: number }), mail: "n" }, 31) })),
      1,
    );
    await driver.clock.advance(WAIT_MS + 1_000);
    assert.is(driver.counters.get("key_changes_timed_out"), 1);
    await driver.checkpoint();
    assert.is(driver.source.committed.get(`${TOPIC}/1`), 121);
    await driver.stop();
  },
);

s("should delay a truncate no longer than a create may wait", async () => {
  const driver = await filled();
  await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 20), 1);
  await driver.pipe(truncate(50), 2);
  assert.is(driver.counters.get("truncates"), 0);
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.ok(textsOf(driver.taken()).includes("Removed a@x"));
  assert.is(driver.counters.get("truncates"), 1);
  await driver.stop();
});

s("should receive a handover that is after the truncate which waits for it", async () => {
  const driver = await filled();
  await driver.pipe(comes(1, { id: 2, mail: "a@x" }, 60), 1);
  await driver.pipe(truncate(50), 2);
  const sent = await driver.pipe([insert({ id: 1, mail: "n@x" }, 55), ...goes(1, 2, 60)], 0);
  const expected = ["Added n@x", "Changed a@x", "Segment Entered n@x"];
  assert.ok(
    expected.every((text) => textsOf(sent).includes(text)),
    String(textsOf(sent)),
  );
  assert.is(driver.counters.get("key_changes_timed_out"), 0);
  assert.is(driver.counters.get("truncates"), 1);
  await driver.stop();
});

s("should follow keys of several columns, with the order and names of the model", async () => {
  const model = `{topic: ${TOPIC}, keyChange: changed, key: {org: tenant, id: user_id}}`;
  const syncs = `{life: {model: users, type: track, userId: mail, properties: [mail, user_id],
    initialResults: send, events: {added: Added, changed: Changed, removed: Removed}}}`;
  const driver = await new TaskDriver({ partitions: 2, model, syncs }).start();
  const key = (user_id: number) => ({ user_id, tenant: "t" });
  const row = (user_id: number) => ({ mail: "a@x", user_id, id: 0, tenant: "t" });
  await driver.pipe({ ...insert(row(1), 10), key: key(1) });
  driver.taken();
  const gone = { ...remove(0, 20), key: key(1), headers: header("__debezium.newkey", key(2)) };
  const came = {
    ...insert(row(2), 20),
    key: key(2),
    headers: header("__debezium.oldkey", key(1)),
  };
  await driver.pipe(came, 1);
  const sent = await driver.pipe(gone, 0);
  assert.equal(textsOf(sent), ["Changed a@x"]);
  assert.is(sent[0]?.properties?.user_id, 2);
  await driver.stop();
});

s("should process the records separately if the header is unreadable, and count it", async () => {
  const driver = await filled();
  const headers = { "__debezium.newkey": Buffer.from("{broken") };
  assert.equal(textsOf(await driver.pipe({ ...remove(1, 20), headers })), [
    "Removed a@x",
    "Segment Exited a@x",
  ]);
  assert.is(driver.counters.get("key_changes_unreadable"), 1);
  await driver.stop();
});

s("should use a complete `before` as the row that was never seen under its old key", async () => {
  const driver = await filled({
    model: `{topic: ${TOPIC}, keyChange: changed, where: row.id < 10}`,
  });
  const source = {
    connector: "mysql",
    lsn: null,
    server_id: 1,
    file: "binlog.000007",
    pos: 5,
    row: 0,
  };
  const [gone] = goes(8, 18, 20) as [Change];
  Object.assign(gone.value as object, { before: { id: 8, mail: "z@x" } });
  Object.assign((gone.value as { source: object }).source, source);
  await driver.pipe(gone, 0);
  const came = { ...comes(8, { id: 18, mail: "z@x" }, 20) };
  Object.assign((came.value as { source: object }).source, source);
  assert.equal(textsOf(await driver.pipe(came, 1)), ["Removed z@x", "Segment Exited z@x"]);
  await driver.stop();
});

s.run();
