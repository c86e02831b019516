import { recordName } from "../data/record.ts";
import type {
  Coordinates,
  ExplainedLastMessage,
  ExplainedMessage,
  ExplainedRecord,
  ExplainedResponse,
  ExplainedRow,
  ExplainedStep,
  ExplainedSync,
  Explanation,
} from "./explanation.ts";

/** An explanation as lines of text. @param deadLetters the topic or file of the dead letters */
export function explanationText(explanation: Explanation, deadLetters: string): string {
  const { key, rows, record, searched, notSearched } = explanation;
  const lines = [
    ...(rows.length === 0
      ? noRowText(explanation)
      : rows.flatMap((row) => rowText(row, deadLetters))),
    ...notSearched.map(({ partition, why }) => `not searched: ${partition}: ${why}`),
    ...(record === null ? [] : recordText(record)),
  ];
  const where = searched.length === 0 ? "" : `, in ${searched.join(", ")}`;
  return `row ${key ?? "?"} of model ${explanation.model}${where}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function noRowText({ key, searched, pipeline }: Explanation): string[] {
  if (key === null) return [];
  if (searched.length === 0)
    return [
      `this machine has no state of the model: run explain on the machine that has its partitions (group of ${pipeline})`,
    ];
  return [
    "the row is in none of the searched partitions. Possible reasons:",
    "- another process has its partition",
    "- no record of the row has arrived, or all were rejected and are in the dead letter queue",
    "- the row was removed longer ago than state.deleteRetention",
    ...(isNumber(key) ? [`- its key is a text: ${quoted(key)}`] : []),
  ];
}

/** Whether the key is one number, which may have been meant as a text. */
function isNumber(key: string): boolean {
  return /^\[-?\d+(\.\d+)?\]$/.test(key);
}

function quoted(key: string): string {
  return JSON.stringify([key.slice(1, -1)]);
}

function rowText(row: ExplainedRow, deadLetters: string): string[] {
  const { from, position, commitTime, isRemoved, columns, values, unknown, isStored } = row;
  const state = isRemoved ? "removed by" : "stored from";
  const sourcePosition = position === null ? "" : `, source position ${position}`;
  const shown = values === null ? columns : columns.map((name) => `${name} ${json(values[name])}`);
  return [
    `${state} ${recordName(from)}${sourcePosition}${commitText(commitTime)}`,
    ...(isRemoved ? [] : [`columns: ${shown.join(", ")}`]),
    ...(unknown.length === 0 ? [] : [`values that no record contained: ${unknown.join(", ")}`]),
    ...(isStored ? [] : ["processed, not stored yet: its messages may be pending"]),
    ...row.syncs.flatMap((sync) => syncText(sync, deadLetters)),
  ];
}

function syncText(sync: ExplainedSync, deadLetters: string): string[] {
  const { isNew, isMember, since, last } = sync;
  const start = since === null ? "start unknown" : `since ${since}`;
  const membership = isMember ? `member, ${start}` : "not a member";
  const name = `${sync.sync} (${sync.type})`;
  if (isNew) return [`${name}: new; the next start backfills it`];
  if (last === null) return [`${name}: ${membership}`, "  last message: none known"];
  return [`${name}: ${membership}`, ...lastText(last, deadLetters).map((line) => `  ${line}`)];
}

function lastText(last: ExplainedLastMessage, deadLetters: string): string[] {
  const { kind, messageId, from, commitTime, response } = last;
  const id = messageId === null ? "" : `, messageId ${messageId}`;
  const what = messageId === null ? "last change" : "last message";
  return [
    `${what}: ${kind}${id}, from ${recordName(from)}${commitText(commitTime)}`,
    responseText(response, from, deadLetters),
  ];
}

function responseText(
  { status, time, detail }: ExplainedResponse,
  from: Coordinates,
  deadLetters: string,
): string {
  switch (status) {
    case "accepted":
      return `accepted by Segment: ${detail}, ${time}`;
    case "rejected":
      return `rejected by Segment, in the dead letter queue (${deadLetters}): ${detail}, ${time}`;
    case "deadLettered":
      return `not sent, in the dead letter queue (${deadLetters}) as ${recordName(from)}${detail === null ? "" : `: ${detail}`}`;
    case "pending":
      return "pending: not delivered yet, or its delivery is not stored yet";
    case "settled":
      return `accepted by Segment, unless its messageId is in the dead letter queue (${deadLetters})`;
  }
}

function recordText({ from, steps, messages, isDecided }: ExplainedRecord): string[] {
  return [
    `record ${recordName(from)} would do this:`,
    ...steps.map((step) => `  ${stepName(step)}: ${step.detail}`),
    ...messages.map((message) => `  → ${messageText(message)}`),
    ...(messages.length === 0
      ? [`  → ${isDecided ? "nothing is sent" : "the messages are not known here"}`]
      : []),
  ];
}

function stepName({ about, sync, model }: ExplainedStep): string {
  return [sync ?? model, about].filter((part) => part !== null).join(" ");
}

function messageText(message: ExplainedMessage): string {
  const { type, event, userId, anonymousId, messageId, timestamp, fields, text } = message;
  if (text !== null) return text;
  const name = event === null ? type : `${type} "${event}"`;
  const ids = [userId && `userId ${userId}`, anonymousId && `anonymousId ${anonymousId}`];
  const user = ids.filter((part) => part !== null).join(", ");
  return `${name}, ${user}, messageId ${messageId}, timestamp ${timestamp}, fields ${fields.join(", ")}`;
}

function commitText(time: string | null): string {
  return time === null ? "" : `, committed ${time}`;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
