import { ago, bytes, duration, moment, number, percent } from "./format.js";
import { Table } from "./table.js";

/** @import { Usage } from "../../metrics/usage.ts" */
/** @import { PartitionStatus, RecentLetter, RecentMessage, SyncStatus } from "../status.ts" */
/** @import { Cell } from "./table.js" */

/** @param {HTMLElement} parent @returns {Table<PartitionStatus>} */
export function partitionTable(parent) {
  return new Table(parent, {
    label: "Partitions",
    keyOf: ({ topic, partition }) => `${topic}/${partition}`,
    columns: [
      { name: "Partition", kind: "head", of: ({ topic, partition }) => `${topic}/${partition}` },
      { name: "Phase", of: phase },
      { name: "Position", kind: "number", of: position },
      { name: "Lag", kind: "number", of: lag },
      { name: "Last checkpoint", of: ({ lastCheckpoint: at }, now) => when(at, ago(at, now)) },
      { name: "Held", of: held },
      { name: "State", kind: "number", of: state },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<SyncStatus>} */
export function syncTable(parent) {
  /** @param {string} name @param {"added" | "changed" | "removed" | "initial_skipped"} count */
  const column = (name, count) => ({
    name,
    kind: /** @type {const} */ ("number"),
    of: (/** @type {SyncStatus} */ sync) => number(sync[count]),
  });
  return new Table(parent, {
    label: "Syncs",
    keyOf: ({ name }) => name,
    columns: [
      { name: "Sync", kind: "head", of: ({ name }) => name },
      { name: "Sends", of: ({ type, model }) => ({ text: type, below: `of ${model}` }) },
      column("Added", "added"),
      column("Changed", "changed"),
      column("Removed", "removed"),
      column("Initial, skipped", "initial_skipped"),
      { name: "Calls not made", kind: "number", of: notMade },
      { name: "Messages", kind: "number", of: messages },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<RecentMessage>} */
export function messageTable(parent) {
  return new Table(parent, {
    label: "Latest messages",
    keyOf: ({ sync, messageId, sentAt }) => [sync, messageId, sentAt].join("\n"),
    columns: [
      { name: "Taken at", of: ({ sentAt: at }, now) => when(at, moment(at, now)) },
      { name: "Sync", of: ({ sync }) => sync },
      { name: "Message", kind: "long", of: message },
      { name: "User", kind: "code", of: ({ userId, anonymousId }) => userId ?? anonymousId ?? "–" },
      { name: "Why", of: why },
      { name: "From record", kind: "code", of: from },
      { name: "Answer", of: answer },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<RecentLetter>} */
export function letterTable(parent) {
  return new Table(parent, {
    label: "Dead letters",
    keyOf: ({ at, topic, partition, offset, by }) => [at, topic, partition, offset, by].join("\n"),
    columns: [
      { name: "Set aside at", of: ({ at }, now) => when(at, moment(at, now)) },
      { name: "Reason", kind: "long", of: ({ code, reason }) => ({ text: code, below: reason }) },
      { name: "Not taken by", of: ({ by }) => by ?? "anybody" },
      {
        name: "Record",
        kind: "code",
        of: ({ topic, partition, offset }) => `${topic}/${partition} @ ${offset}`,
      },
    ],
  });
}

/** @param {PartitionStatus} partition @returns {Cell} */
function phase({ phase, restore }) {
  const tone = phase === "running" ? "ok" : phase === "paused" ? "warn" : undefined;
  if (phase !== "restoring" || restore === null) return { text: phase, tone };
  const { done, total } = restore;
  return {
    text: phase,
    bar: { text: `${number(done)} of ${number(total)}`, part: total === 0 ? 1 : done / total },
  };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function position({ position, end }) {
  return { text: number(position), below: `of ${number(end)}` };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function lag({ lag: { records, seconds } }) {
  if (records === 0) return { text: "none" };
  return { text: number(records), below: seconds === null ? undefined : duration(seconds) };
}

/** What waits, and how full the fullest of its limits is. @param {PartitionStatus} partition @returns {Cell} */
function held({ fills }) {
  if (fills === null) return { text: "–" };
  const { queue_records: queue, uncommitted_rows: rows, lane_messages: lane } = fills;
  const words = [
    `${number(queue.now)} to read`,
    `${number(rows.now)} to store`,
    `${number(lane.now)} to deliver`,
  ];
  const fullest = Math.max(...Object.values(fills).map(part));
  return {
    text: words.join(", "),
    bar: { text: `${percent(fullest, 1)} of the nearest limit`, part: fullest },
  };
}

/** @param {Usage} fill */
function part({ now, limit }) {
  return limit === 0 ? 0 : now / limit;
}

/** @param {PartitionStatus} partition @returns {Cell} */
function state({ state }) {
  if (state === null) return { text: "–" };
  return {
    text: `${number(state.entries)} rows`,
    below: bytes(state.disk_bytes + state.memory_bytes),
  };
}

/** @param {SyncStatus} sync @returns {Cell} */
function notMade({ calls_not_made, messages }) {
  const all = calls_not_made + messages;
  return {
    text: number(calls_not_made),
    below: all === 0 ? undefined : `saves ${percent(calls_not_made, all)}`,
  };
}

/** @param {SyncStatus} sync @returns {Cell} */
function messages({ messages, messages_delivered }) {
  const left = messages - messages_delivered;
  return {
    text: number(messages_delivered),
    below: left > 0 ? `and ${number(left)} on their way` : undefined,
  };
}

/** @param {RecentMessage} message @returns {Cell} */
function message({ type, event, messageId }) {
  return { text: event === undefined ? type : `${type} “${event}”`, below: messageId };
}

/** @param {RecentMessage} message @returns {Cell} */
function why({ sync, why: { kind, columns }, from: { key } }) {
  return {
    text: kind,
    below: columns === null || columns.length === 0 ? undefined : columns.join(", "),
    button: { text: "explain", label: `explain ${key} to ${sync}`, data: { sync, key } },
  };
}

/** @param {RecentMessage} message @returns {Cell} */
function from({ from: { topic, partition, offset, key } }) {
  return { text: `${topic}/${partition} @ ${offset}`, below: `key ${key}` };
}

/** @param {RecentMessage} message @returns {Cell} */
function answer({ answer, delay_s }) {
  return {
    text: answer,
    below: delay_s === null ? undefined : `${duration(delay_s)} after commit`,
  };
}

/** @param {string | null} at @param {string} text @returns {Cell} */
function when(at, text) {
  return at === null ? { text } : { text, at };
}
