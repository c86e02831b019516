import { recordName } from "../data/record.ts";
import type {
  Coordinates,
  ExplainedMessage,
  ExplainedRecord,
  ExplainedRow,
  ExplainedSync,
  Explanation,
  LastMessage,
  SegmentResponse,
  Step,
} from "./explanation.ts";

/** An explanation for people. @param deadLetters the topic, or the file, in which they stand */
export function explanationText(explanation: Explanation, deadLetters: string): string {
  const { key, rows, record, searched, notSearched } = explanation;
  const lines = [
    ...(rows.length === 0 ? noRow(explanation) : rows.flatMap((row) => rowText(row, deadLetters))),
    ...notSearched.map(({ partition, why }) => `not looked at: ${partition}: ${why}`),
    ...(record === null ? [] : recordText(record)),
  ];
  const where = searched.length === 0 ? "" : `, in ${searched.join(", ")}`;
  return `row ${key ?? "?"} of model ${explanation.model}${where}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function noRow({ key, searched, pipeline }: Explanation): string[] {
  if (key === null) return [];
  if (searched.length === 0)
    return [
      `no state of the model is here: ask on the machine that has its partitions (group of ${pipeline})`,
    ];
  return [
    "no partition that was looked at has it. It is in a partition of another process; or no record of it came;",
    "or each was refused, and stands in the dead letters; or it was removed, and state.deleteRetention has passed",
    ...(isNumber(key) ? [`or its key is a text: ${quoted(key)}`] : []),
  ];
}

/** A key that is one number, which a person may have meant as the text of it. */
function isNumber(key: string): boolean {
  return /^\[-?\d+(\.\d+)?\]$/.test(key);
}

function quoted(key: string): string {
  return JSON.stringify([key.slice(1, -1)]);
}

function rowText(row: ExplainedRow, deadLetters: string): string[] {
  const { from, position, committedAt, isRemoved, columns, values, unknown, isStored } = row;
  const state = isRemoved ? "removed by" : "stored from";
  const positionText = position === null ? "" : `, at ${position}`;
  const shown = values === null ? columns : columns.map((name) => `${name} ${json(values[name])}`);
  return [
    `${state} ${recordName(from)}${positionText}${committed(committedAt)}`,
    ...(isRemoved ? [] : [`columns: ${shown.join(", ")}`]),
    ...(unknown.length === 0 ? [] : [`not known, as no record had it: ${unknown.join(", ")}`]),
    ...(isStored ? [] : ["processed and not durable yet: what it gave may be on its way"]),
    ...row.syncs.flatMap((sync) => syncText(sync, deadLetters)),
  ];
}

function syncText(sync: ExplainedSync, deadLetters: string): string[] {
  const { isNew, isMember, since, last } = sync;
  const knownTopics = since === null ? "since when is not known" : `since ${since}`;
  const membership = isMember ? `a member, ${knownTopics}` : "no member";
  const name = `${sync.sync} (${sync.type})`;
  if (isNew) return [`${name}: not known to the stored rows; the next start has it see them all`];
  if (last === null) return [`${name}: ${membership}`, "  no message of it is known"];
  return [`${name}: ${membership}`, ...lastText(last, deadLetters).map((line) => `  ${line}`)];
}

function lastText(last: LastMessage, deadLetters: string): string[] {
  const { kind, messageId, from, committedAt, response } = last;
  const id = messageId === null ? "" : `, messageId ${messageId}`;
  const what = messageId === null ? "last change" : "last message";
  return [
    `${what}: ${kind}${id}, from ${recordName(from)}${committed(committedAt)}`,
    answerText(response, from, deadLetters),
  ];
}

function answerText(
  { status, time, detail }: SegmentResponse,
  from: Coordinates,
  deadLetters: string,
): string {
  switch (status) {
    case "accepted":
      return `accepted by Segment: ${detail}, ${time}`;
    case "refused":
      return `refused by Segment, and in the dead letters (${deadLetters}): ${detail}, ${time}`;
    case "set aside":
      return `no message could be made: it stands in the dead letters (${deadLetters}), of ${recordName(from)}${detail === null ? "" : `: ${detail}`}`;
    case "on its way":
      return "on its way: not answered yet, or not durably so";
    case "settled":
      return `accepted by Segment, unless the dead letters (${deadLetters}) have its messageId`;
  }
}

function recordText({ from, steps, messages, isDecided }: ExplainedRecord): string[] {
  return [
    `record ${recordName(from)} would do this:`,
    ...steps.map((step) => `  ${stepName(step)}: ${step.detail}`),
    ...messages.map((message) => `  → ${messageText(message)}`),
    ...(messages.length === 0 ? [`  → ${isDecided ? "nothing is sent" : NOT_KNOWN}`] : []),
  ];
}

const NOT_KNOWN = "what is sent is not known here";

function stepName({ about, sync, model }: Step): string {
  return [sync ?? model, about].filter((part) => part !== null).join(" ");
}

function messageText(message: ExplainedMessage): string {
  const { type, event, userId, anonymousId, messageId, timestamp, fields, text } = message;
  if (text !== null) return text;
  const name = event === null ? type : `${type} "${event}"`;
  const user = [userId && `userId ${userId}`, anonymousId && `anonymousId ${anonymousId}`];
  const about = user.filter((part) => part !== null).join(", ");
  return `${name}, ${about}, messageId ${messageId}, timestamp ${timestamp}, with ${fields.join(", ")}`;
}

function committed(at: string | null): string {
  return at === null ? "" : `, committed ${at}`;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
