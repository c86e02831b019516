import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Rates } from "../../../../src/status/page/rates.js";
import type { Status } from "../../../../src/status/status.ts";
import { statusOf } from "../../../../src/status/status-of.ts";
import { observed } from "../../../support/observed.ts";

const s = suite("the status page's rates");

const PROCESS = { resident_bytes: 1, heap_bytes: 1, eventLoopDelay_ms: 0 };
const START = 1_700_000_000_000;

/** The status after some seconds, with counts of records and changed rows. */
function status(seconds: number, records: number, changed: number, since = START): Status {
  const now = observed({ since, now: START + seconds * 1_000 });
  now.counters.records.json.row = records;
  Object.assign(now.counters.sync("lifecycle"), { changed });
  return statusOf(now, PROCESS, [{ name: "lifecycle", model: "users", type: "track" }], {});
}

s("should be unknown until there are two responses", () => {
  const rates = new Rates();
  assert.is(rates.of("records"), null);
  rates.add(status(0, 100, 0));
  assert.is(rates.of("records"), null);
  rates.add(status(2, 300, 5));
  assert.equal([rates.of("records"), rates.of("changed"), rates.of("removed")], [100, 2.5, 0]);
});

s("should cover the last ten seconds", () => {
  const rates = new Rates();
  for (let seconds = 0; seconds <= 20; seconds += 2)
    rates.add(status(seconds, seconds <= 10 ? seconds * 1_000 : 10_000, 0));
  assert.is(rates.of("records"), 0);
});

s("should start again with another process", () => {
  const rates = new Rates();
  rates.add(status(0, 5_000, 0));
  rates.add(status(4, 10, 0, START + 3_000));
  assert.is(rates.of("records"), null);
  rates.add(status(6, 30, 0, START + 3_000));
  assert.is(rates.of("records"), 10);
});

s.run();
