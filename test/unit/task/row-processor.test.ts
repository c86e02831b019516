import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSettings } from "../../../src/config/read.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";
import { noopLogger } from "../../../src/lib/logger.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { registerSyncs } from "../../../src/state/sync-versions.ts";
import { TaskStore } from "../../../src/state/task-store.ts";
import { RecentMessages } from "../../../src/status/recent-messages.ts";
import { RowProcessor } from "../../../src/task/row-processor.ts";
import { Topology } from "../../../src/topology/topology.ts";
import { eventOf, storedOf } from "../../support/classify.ts";
import { recordOf, TOPIC } from "../../support/debezium.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("task: row processor");

const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}";
const SETTINGS = `name: shop
segment: {writeKey: secret}
models: {rows: {topic: ${TOPIC}}}
syncs: {life: {model: rows, type: track, userId: id, properties: "*", ${EVENTS}}}`;

function processor(): { readonly rows: RowProcessor; readonly state: TaskStore } {
  const topicTopology = new Topology(parseSettings(SETTINGS, "test.yaml", {})).get(TOPIC);
  if (!topicTopology) throw new Error("no model reads the topic");
  const current = topicTopology.models.flatMap(({ syncs }) =>
    syncs.map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint })),
  );
  const { syncs } = registerSyncs(null, current, 0);
  const clock = new VirtualClock();
  const state = new TaskStore(new MemoryStore(), clock, 1_000);
  const tp = { topic: TOPIC, partition: 0 };
  const shared = { clock, counters: new Counters(), logger: noopLogger };
  return { rows: new RowProcessor({ tp, topicTopology, syncs, state, ...shared }), state };
}

s("should show the same changed columns on the status page as it decided by", () => {
  const { rows } = processor();
  const previous: StoredRow = storedOf({ row: { id: 1, a: 1 } });
  const event = eventOf({ row: { id: 1, a: 2, b: 5 }, defaults: { b: 5 } });
  const record = recordOf({ value: {} });
  const recordContext = { offset: 2, streaming: true };
  const { messages } = rows.process({ event, record, recordContext, changeId: "0/2" }, previous);
  const recent = new RecentMessages();
  recent.add(messages, 0, "HTTP 200");
  assert.equal(
    recent.list({}).map(({ change }) => change),
    [{ kind: "changed", columns: ["a"] }],
  );
});

s("should store and send nothing of a row that is too large", () => {
  const { rows, state } = processor();
  const note = "x".repeat(8_000_001);
  const event = eventOf({ operation: "create", row: { id: 1, note } });
  const record = recordOf({ value: note });
  const context = { event, record, recordContext: { offset: 2, streaming: true }, changeId: "0/2" };
  const { messages, rejected } = rows.process(context, null);
  assert.equal(messages, []);
  assert.equal(
    rejected.map(({ error }) => error.code),
    ["ROW_TOO_LARGE"],
  );
  assert.is(state.uncommitted, 0);
});

s.run();
