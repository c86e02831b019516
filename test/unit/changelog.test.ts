import { globSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { METRICS } from "../../src/status/metrics.ts";
import { settingsNamed } from "../support/named-settings.ts";

/** The migration table of 0.2.0 names every setting, metric and log line of 0.1.0 that has another name now. */

const s = suite("CHANGELOG.md: migration from 0.1.0");

const METRICS_OF_0_1 = `
  info start_time_seconds live ready lag_records lag_seconds position log_end phase checkpoint_timestamp_seconds
  records_total truncates_total replayed_records_total stale_records_total position_resets_total key_changes_total
  walked_rows_total reconciled_rows_total changes_total calls_not_made_total initial_skipped_total
  missing_users_ignored_total fields_left_out_total messages_total messages_delivered_total batches_total
  delivered_bytes_total answers_total retries_total delivery_delay_seconds gate_closed_seconds_total gate_closed
  dead_letters_total checkpoint_seconds state_entries state_disk_bytes state_memory_bytes restore_read_offsets
  restore_offsets queue_records queue_records_limit queue_bytes queue_bytes_limit uncommitted_rows
  uncommitted_rows_limit uncommitted_bytes uncommitted_bytes_limit lane_messages lane_messages_limit lane_bytes
  lane_bytes_limit consumer_joined rebalances_total consumer_restarts_total event_loop_delay_seconds memory_bytes
  cpu_seconds_total`;

const SETTINGS_OF_0_1 = `
  anonymousId beforeImage brokers bytes ca cert changelog checkpoint clientId columns compression controlTopic
  deadLetters directory events file forgetDeletedAfter format groupId host initialResults interval_ms kafka key
  keyChange keyChangeWait_ms lane_bytes lane_messages level limits linger_ms log mechanism memory_bytes messageId
  missingUser model models name onGap onTruncate password port properties queue_bytes queue_records ratioWindow
  reconcile reconcileWait_ms region retention rows sasl scale schemaRegistry segment sessionTimeout_ms silence_ms
  state status stopAfterInARow stopAtRatio syncs timeout_ms timestamp tls topic topics traits type unavailableValue
  unit url userId username watch where writeKey`;

const LOG_LINES_OF_0_1 = [
  "Segment did not take a batch; it is tried again",
  "Segment said",
  "a schema cannot be read",
  "cannot tell the group which state is here",
  "could not be written; it is tried again",
  "gone past what is lost",
  "leaving the group failed",
  "leaving the group takes long, not waiting for it",
  "left for the next start",
  "new or changed syncs see the stored rows",
  "nobody gets the topic until one that reads it leads the group",
  "partition given up",
  "partition taken",
  "removed the rows of a TRUNCATE",
  "removed the rows that a complete snapshot no longer contained",
  "set aside as a dead letter",
  "started",
  "state restored",
  "status port open",
  "stopped",
  "a TRUNCATE was met",
  "the Kafka consumer was silent, a new one takes its place",
  "the changelog could not be written; trying again",
  "the changelog has fewer replicas than its source: the state is less safe than the records",
  "the commit takes long, going on without it",
  "the group cannot be asked",
  "the group has the partition here still; it is opened anew",
  "the log no longer has this place, opening the partition again",
  "the partition's changelog takes no more of this process",
  "the registry does not have a schema",
  "the schema registry does not answer; it is asked again",
  "what was not delivered in time is left for the next start",
];

const SRC = new URL("../../src/", import.meta.url);
const sources = globSync("**/*.ts", { cwd: SRC.pathname }).map((file) =>
  readFileSync(new URL(file, SRC), "utf8").replace(/["`]\s*\+\s*["`]/g, ""),
);
const metrics = METRICS.map(({ name }) => name);

for (const { what, table, old, exists } of [
  {
    what: "metric",
    table: "Metrics,",
    old: METRICS_OF_0_1,
    exists: (name: string) => metrics.includes(name) || /^(process|nodejs)_/.test(name),
  },
  {
    what: "setting",
    table: "Settings.",
    old: SETTINGS_OF_0_1,
    exists: (name: string) => settingsNamed(name) !== null,
  },
]) {
  const rows = rowsAfter(table);
  s(`should have a row for each ${what} that no longer exists`, () => {
    const listed = rows.flatMap(([before = ""]) => namesIn(before));
    for (const name of old.trim().split(/\s+/))
      assert.ok(exists(name) || listed.includes(name), `${name} was renamed: add a row`);
  });

  s(`should give a name that exists for each ${what} that no longer does`, () => {
    assert.ok(rows.length > 5);
    for (const [before = "", after = ""] of rows)
      if (!namesIn(before).some(exists))
        assert.ok(
          namesIn(after).length > 0 && namesIn(after).every(exists),
          `${before} | ${after}`,
        );
  });
}

const logLines = rowsAfter("Log lines;").map((row) =>
  row.map((text) => text.replaceAll("…", "").trim()),
);

s("should have a row for each log line that no longer exists", () => {
  for (const line of LOG_LINES_OF_0_1)
    assert.ok(isWritten(line) || logLines.some(([before]) => before === line), `add: ${line}`);
});

s("should give the text of each log line that replaces another", () => {
  assert.ok(logLines.length > 5);
  for (const [before = "", after = ""] of logLines)
    assert.ok(isWritten(before) || isWritten(after), `${before} | ${after}`);
});

s.run();

/** Whether a text in the sources begins, after a variable part perhaps, or ends with it. */
function isWritten(line: string): boolean {
  return sources.some((text) =>
    new RegExp(`["\`}] ?${escaped(line)}[:;]?(?:["\`]| \\$)`).test(text),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Cells of the first table after a line that begins with the text. */
function rowsAfter(start: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL("../../CHANGELOG.md", import.meta.url), "utf8");
  const [, after = ""] = text.split(`\n${start}`);
  const [table = ""] = /(?:^\|.*\n)+/m.exec(after) ?? [];
  const rows = table.trim().split("\n").slice(2);
  return rows.map((row) => row.slice(2, -2).split(" | "));
}

/** The last part of each name in backticks, without labels and values: `state.memory: 96MB` is `memory`. */
function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([\w.*]+)[^`]*`/g)].map(
    ([, name = ""]) => name.split(".").at(-1) ?? "",
  );
}
