import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configurationPage } from "../../../src/config/configuration-page.ts";

const s = suite("config: reference page");

const rows = configurationPage()
  .split("\n")
  .filter((line) => line.startsWith("| `"));

function cellsOf(setting: string): readonly string[] {
  const row = rows.find((line) => line.startsWith(`| \`${setting}\` |`)) ?? "";
  return row.split(" | ").slice(1, 3);
}

s("should have types, bounds and defaults", () => {
  assert.equal(cellsOf("sessionTimeout"), ["duration, 1s to 30m", "`30s`"]);
  assert.equal(cellsOf("memory"), ["size, 1MB to 1TB", "`96MB`"]);
  assert.equal(cellsOf("queueRecords"), ["integer, 1 to 1,000,000", "`4000`"]);
  assert.equal(cellsOf("maxRatio"), ["number above 0, at most 1", "`0.5`"]);
  assert.equal(cellsOf("changelog"), ["boolean", "`true`"]);
  assert.equal(cellsOf("onTruncate"), ["`remove`, `ignore`, `stop`", "`remove`"]);
  assert.equal(cellsOf("brokers"), ["list of string", "required"]);
  assert.equal(cellsOf("topic"), ["string", ""]);
});

s("should have settings of nested objects and of each type of sync", () => {
  for (const name of ["tls.ca", "sasl.mechanism", "columns.*.scale", "events.added", "traits"])
    assert.ok(cellsOf(name).length === 2, name);
  assert.is(rows.filter((line) => line.startsWith("| `missingUser` |")).length, 3);
});

s.run();
