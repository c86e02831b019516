import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { METRICS } from "../../src/status/metrics.ts";
import { settingsNamed } from "../support/named-settings.ts";

/** The migration table of 0.2.0 names every setting and metric of 0.1.0 that has another name now. */

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

s.run();

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
