import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RecordContext } from "../../../src/classify/initial-result.ts";
import type { RowEvent } from "../../../src/data/event.ts";
import {
  deleteOf,
  eventOf,
  everyone,
  outcomeOf,
  PRO,
  reasons,
  skipReasons,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: initial results");

const SKIP = everyone(syncOf({ initialResults: "skip", boundary: 50 }));
const SEND = everyone(syncOf({ initialResults: "send", boundary: 50 }));

const below: RecordContext = { offset: 49, streaming: true };
const offset: RecordContext = { offset: 50, streaming: true };
const fresh: RecordContext = { offset: 50, streaming: false };

type Case = {
  readonly title: string;
  readonly event: RowEvent;
  readonly recordContext: RecordContext;
  readonly initial: boolean;
};

const NEVER_SEEN: readonly Case[] = [
  {
    title: "a create below the boundary",
    event: eventOf({ operation: "create" }),
    recordContext: below,
    initial: true,
  },
  {
    title: "a create at the boundary",
    event: eventOf({ operation: "create" }),
    recordContext: offset,
    initial: false,
  },
  {
    title: "a snapshot read before the first streamed record",
    event: eventOf({ operation: "read" }),
    recordContext: fresh,
    initial: true,
  },
  {
    title: "a snapshot read after the first streamed record",
    event: eventOf({ operation: "read" }),
    recordContext: offset,
    initial: false,
  },
  {
    title: "an incremental read among the stream",
    event: eventOf({ operation: "read", incremental: true, sourcePosition: null }),
    recordContext: offset,
    initial: true,
  },
  {
    title: "an update",
    event: eventOf({ operation: "update" }),
    recordContext: offset,
    initial: true,
  },
  {
    title: "a create before the first streamed record",
    event: eventOf({ operation: "create" }),
    recordContext: fresh,
    initial: false,
  },
  {
    title: "a flattened record that does not say what it is",
    event: eventOf({ operation: "unknown" }),
    recordContext: offset,
    initial: false,
  },
];

for (const { title, event, recordContext, initial } of NEVER_SEEN) {
  s(`should ${initial ? "" : "not "}take as an initial result ${title}`, () => {
    const skipped = outcomeOf(null, event, [SKIP], recordContext);
    assert.equal(reasons(skipped), initial ? [] : ["added"]);
    assert.equal(skipReasons(skipped), initial ? ["initialResult"] : []);
    assert.equal(skipped.stored?.members, [0]);

    const sent = outcomeOf(null, event, [SEND], recordContext);
    assert.equal(reasons(sent), ["added"]);
    assert.equal(skipReasons(sent), []);
  });
}

s("should send nothing of any kind below the boundary", () => {
  const changed = eventOf({ row: { ...PRO, email: "b@x" } });
  for (const event of [changed, deleteOf()]) {
    const outcome = outcomeOf(storedOf(), event, [SKIP], below);
    assert.equal(reasons(outcome), []);
    assert.equal(skipReasons(outcome), ["initialResult"]);
    assert.equal(reasons(outcomeOf(storedOf(), event, [SEND], below)).length, 1);
  }
});

s("should send what happens to a known row at the boundary", () => {
  const changed = eventOf({ row: { ...PRO, email: "b@x" } });
  assert.equal(reasons(outcomeOf(storedOf(), changed, [SKIP], offset)), ["changed"]);
  assert.equal(reasons(outcomeOf(storedOf(), deleteOf(), [SKIP], offset)), ["removed"]);
});

s("should take no key as initial that was seen before, be it outside the filter or removed", () => {
  const outside = storedOf({ members: [] });
  const removed = storedOf({ row: null, members: [] });
  for (const stored of [outside, removed]) {
    for (const operation of ["update", "read"] as const) {
      assert.equal(reasons(outcomeOf(stored, eventOf({ operation }), [SKIP], fresh)), ["added"]);
    }
  }
});

s("should decide by the boundary of each sync", () => {
  const model = everyone(
    syncOf({ name: "old", number: 0, initialResults: "skip", boundary: 0 }),
    syncOf({ name: "new", number: 1, initialResults: "skip", boundary: 50 }),
  );
  const outcome = outcomeOf(null, eventOf({ operation: "create" }), [model], below);
  assert.equal(
    outcome.changes.map(({ sync }) => sync.name),
    ["old"],
  );
  assert.equal(outcome.stored?.members, [0, 1]);
});

s(
  "should count a call not made rather than an initial result where nothing watched differs",
  () => {
    const outcome = outcomeOf(storedOf(), eventOf(), [SKIP], below);
    assert.equal(skipReasons(outcome), ["unchanged"]);
  },
);

s.run();
