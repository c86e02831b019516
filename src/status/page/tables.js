import { ago, bytes, duration, number, percent, timeOfDay } from "./format.js";
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
      { name: "Task state", of: taskState },
      { name: "Next offset", kind: "number", of: nextOffset },
      { name: "Lag", kind: "number", of: lag },
      {
        name: "Last checkpoint",
        of: ({ lastCheckpoint: time }, now) => cell(time, ago(time, now)),
      },
      { name: "In memory", of: usage },
      { name: "Store", kind: "number", of: store },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<SyncStatus>} */
export function syncTable(parent) {
  return new Table(parent, {
    label: "Syncs",
    keyOf: ({ name }) => name,
    columns: [
      { name: "Sync", kind: "head", of: ({ name }) => name },
      { name: "Type", of: ({ type, model }) => ({ text: type, detail: `model ${model}` }) },
      { name: "Added", kind: "number", of: ({ added }) => number(added) },
      { name: "Changed", kind: "number", of: ({ changed }) => number(changed) },
      { name: "Removed", kind: "number", of: ({ removed }) => number(removed) },
      {
        name: "Initial, skipped",
        kind: "number",
        of: ({ skipped }) => number(skipped.initialResult),
      },
      { name: "Skipped calls", kind: "number", of: skippedCalls },
      { name: "Messages sent", kind: "number", of: messages },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<RecentMessage>} */
export function messageTable(parent) {
  return new Table(parent, {
    label: "Latest messages",
    keyOf: ({ sync, messageId, deliveryTime }) => [sync, messageId, deliveryTime].join("\n"),
    columns: [
      { name: "Delivered", of: ({ deliveryTime: time }, now) => cell(time, timeOfDay(time, now)) },
      { name: "Sync", of: ({ sync }) => sync },
      { name: "Message", kind: "long", of: message },
      { name: "User", kind: "code", of: ({ userId, anonymousId }) => userId ?? anonymousId ?? "–" },
      { name: "Change", of: change },
      { name: "Record", kind: "code", of: record },
      { name: "Response", of: response },
    ],
  });
}

/** @param {HTMLElement} parent @returns {Table<RecentDeadLetter>} */
export function deadLetterTable(parent) {
  return new Table(parent, {
    label: "Dead letters",
    keyOf: ({ time, topic, partition, offset, rejectedBy }) =>
      [time, topic, partition, offset, rejectedBy].join("\n"),
    columns: [
      { name: "Time", of: ({ time }, now) => cell(time, timeOfDay(time, now)) },
      { name: "Reason", kind: "long", of: ({ code, reason }) => ({ text: code, detail: reason }) },
      { name: "Model or sync", of: ({ rejectedBy }) => rejectedBy ?? "all" },
      {
        name: "Record",
        kind: "code",
        of: ({ topic, partition, offset }) => `${topic}/${partition} @ ${offset}`,
      },
    ],
  });
}

/** @param {PartitionStatus} partition @returns {Cell} */
function taskState({ taskState, restore }) {
  const tone = taskState === "running" ? "ok" : taskState === "paused" ? "warn" : undefined;
  if (taskState !== "restoring" || restore === null) return { text: taskState, tone };
  const { done, total } = restore;
  return {
    text: taskState,
    bar: { text: `${number(done)} of ${number(total)}`, share: total === 0 ? 1 : done / total },
  };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function nextOffset({ nextOffset, logEnd }) {
  return { text: number(nextOffset), detail: `of ${number(logEnd)}` };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function lag({ lag: { records, seconds } }) {
  if (records === 0) return { text: "none" };
  return { text: number(records), detail: seconds === null ? undefined : duration(seconds) };
}

/** @param {PartitionStatus} partition @returns {Cell} */
function usage({ usage }) {
  if (usage === null) return { text: "–" };
  const { queue_records: records, uncommitted_rows: rows, delivery_queue_messages } = usage;
  const waiting = [
    `${number(records.used)} to process`,
    `${number(rows.used)} to store`,
    `${number(delivery_queue_messages.used)} to deliver`,
  ];
  const highest = Math.max(...Object.values(usage).map(shareOf));
  return {
    text: waiting.join(", "),
    bar: { text: `${percent(highest, 1)} of the nearest limit`, share: highest },
  };
}

/** @param {Usage} usage */
function shareOf({ used, limit }) {
  return limit === 0 ? 0 : used / limit;
}

/** @param {PartitionStatus} partition @returns {Cell} */
function store({ store }) {
  if (store === null) return { text: "–" };
  return {
    text: `${number(store.entries)} rows`,
    detail: bytes(store.disk_bytes + store.memory_bytes),
  };
}

/** @param {SyncStatus} sync @returns {Cell} */
function skippedCalls({ skipped: { unchanged }, messages }) {
  const calls = unchanged + messages;
  return {
    text: number(unchanged),
    detail: calls === 0 ? undefined : `saves ${percent(unchanged, calls)}`,
  };
}

/** @param {SyncStatus} sync @returns {Cell} */
function messages({ messages, messages_delivered }) {
  const queued = messages - messages_delivered;
  return {
    text: number(messages_delivered),
    detail: queued > 0 ? `${number(queued)} queued` : undefined,
  };
}

/** @param {RecentMessage} message @returns {Cell} */
function message({ type, event, messageId }) {
  return { text: event === undefined ? type : `${type} “${event}”`, detail: messageId };
}

/** @param {RecentMessage} message @returns {Cell} */
function change({ sync, change: { kind, columns }, record: { key } }) {
  return {
    text: kind,
    detail: columns === null || columns.length === 0 ? undefined : columns.join(", "),
    button: { text: "explain", label: `explain ${key} for ${sync}`, data: { sync, key } },
  };
}

/** @param {RecentMessage} message @returns {Cell} */
function record({ record: { topic, partition, offset, key } }) {
  return { text: `${topic}/${partition} @ ${offset}`, detail: `key ${key}` };
}

/** @param {RecentMessage} message @returns {Cell} */
function response({ response, delay_s }) {
  return {
    text: response,
    detail: delay_s === null ? undefined : `${duration(delay_s)} after commit`,
  };
}

/** @param {string | null} time @param {string} text @returns {Cell} */
function cell(time, text) {
  return time === null ? { text } : { text, time };
}
