import { ago, bytes, duration, moment, number, percent } from "./format.js";
import { Table } from "./table.js";

/** @import { Usage } from "../../metrics/usage.ts" */
/** @import { PartitionStatus, RecentDeadLetter, RecentMessage, SyncStatus } from "../status.ts" */
/** @import { Cell } from "./table.js" */

/** @param {HTMLElement} parent @returns {Table<PartitionStatus>} */
export function partitionTable(parent) {
  return new Table(parent, {
    label: "Partitions",
    keyOf: ({ topic, partition }) => `${topic}/${partition}`,
    columns: [
      { name: "Partition", kind: "head", of: ({ topic, partition }) => `${topic}/${partition}` },
      { name: "State", of: taskStateCell },
      { name: "Next offset", kind: "number", of: nextOffsetCell },
      { name: "Lag", kind: "number", of: lag },
      { name: "Last checkpoint", of: ({ lastCheckpoint: at }, now) => when(at, ago(at, now)) },
      { name: "In memory", of: usageCell },
      { name: "Store", kind: "number", of: storeCell },
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
      { name: "Response", of: responseCell },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<RecentDeadLetter>} */
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
function taskStateCell({ taskState, restore }) {
  const tone = taskState === "running" ? "ok" : taskState === "paused" ? "warn" : undefined;
  if (taskState !== "restoring" || restore === null) return { text: taskState, tone };
  const { done, total } = restore;
  return {
    text: taskState,
    bar: { text: `${number(done)} of ${number(total)}`, part: total === 0 ? 1 : done / total },
  };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function nextOffsetCell({ nextOffset, end }) {
  return { text: number(nextOffset), below: `of ${number(end)}` };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function lag({ lag: { records, seconds } }) {
  if (records === 0) return { text: "none" };
  return { text: number(records), below: seconds === null ? undefined : duration(seconds) };
}

/** What waits, and how full the fullest of its limits is. @param {PartitionStatus} partition @returns {Cell} */
function usageCell({ usage }) {
  if (usage === null) return { text: "–" };
  const {
    queue_records: records,
    uncommitted_rows: rows,
    delivery_queue_messages: messages,
  } = usage;
  const words = [
    `${number(records.now)} to read`,
    `${number(rows.now)} to store`,
    `${number(messages.now)} to deliver`,
  ];
  const fullest = Math.max(...Object.values(usage).map(part));
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
function storeCell({ store }) {
  if (store === null) return { text: "–" };
  return {
    text: `${number(store.entries)} rows`,
    below: bytes(store.disk_bytes + store.memory_bytes),
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
function responseCell({ response, delay_s }) {
  return {
    text: response,
    below: delay_s === null ? undefined : `${duration(delay_s)} after commit`,
  };
}

/** @param {string | null} at @param {string} text @returns {Cell} */
function when(at, text) {
  return at === null ? { text } : { text, at };
}
