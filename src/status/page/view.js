import { byId, element, frame, say } from "./dom.js";
import { offerModels } from "./explain.js";
import { offerSyncs } from "./filter.js";
import { Flow, TALL, WIDE } from "./flow.js";
import { age, bytes, counted, duration, moment, number } from "./format.js";
import { showHealth, told } from "./health.js";
import { numbersOf } from "./numbers.js";
import { Rates } from "./rates.js";
import { settingsText } from "./settings.js";
import { letterTable, messageTable, partitionTable, syncTable } from "./tables.js";

/** @import { RecentDeadLetter, RecentMessage, Status } from "../status.ts" */
/** @import { Place } from "./flow.js" */
/** @import { Rated } from "./rates.js" */

/**
 * All that was answered at one time.
 * @typedef {{
 *   readonly status: Status,
 *   readonly messages: readonly RecentMessage[],
 *   readonly isFiltered: boolean,
 *   readonly letters: readonly RecentDeadLetter[],
 * }} Answers
 */

const flow = new Flow(byId("picture"));
const partitions = partitionTable(byId("partitions-table"));
const syncs = syncTable(byId("syncs-table"));
const messageRows = messageTable(byId("messages-table"));
const letterRows = letterTable(byId("letters-table"));
const settings = element("pre", {});
byId("settings-text").append(frame("Settings in force", settings));
const rates = new Rates();
/** @type {Answers | null} */
let latest = null;

/** What passes on the arrows from a place. @type {{ readonly [place in Place]?: Rated }} */
const PASSING = {
  ...{ kafka: "records", decode: "records", classify: "records", checkpoint: "records" },
  ...{ map: "messages", segment: "delivered" },
};

/** @param {Answers} answers */
export function show(answers) {
  const { status, messages, isFiltered, letters } = answers;
  const { now, pipeline, version, since } = status;
  latest = answers;
  rates.add(status);
  const health = told(status);
  document.title = `${pipeline}: ${health.verdict}`;
  say(byId("pipeline"), pipeline);
  const about = `cdc-to-segment ${version}, running for ${duration(Math.floor(age(since, now)))}, as of ${moment(now, now)}`;
  say(byId("about"), about);
  showHealth(byId("health"), health);
  showFlow();
  say(byId("partitions-sum"), partitionSum(status));
  partitions.show(status.partitions, now, "It has none at the moment.");
  syncs.show(status.syncs, now, "There are none.");
  offerSyncs(status.syncs);
  offerModels(status.syncs);
  const found = `${counted(messages.length, "message")} found.`;
  say(byId("messages-sum"), isFiltered ? found : "The latest 100 of each sync are kept.");
  messageRows.show(messages, now, isFiltered ? NOT_KEPT : "Nothing was sent yet.");
  say(byId("letters-sum"), letterSum(status));
  letterRows.show(letters, now, "None: every record could be read, and every message was taken.");
  say(settings, settingsText(status.settings));
  say(byId("process"), processLine(status));
}

const NOT_KEPT =
  "None of those kept fits. What was sent before stands in the source's debugger at Segment.";

/** From left to right, or from top to bottom, as there is room. */
export function drawFlow(isWide = true) {
  flow.draw(isWide ? WIDE : TALL);
  showFlow();
}

/** @param {string | null} reason why nothing was answered; `null` where it was */
export function showLost(reason) {
  const lost = byId("lost");
  if (reason === null) lost.replaceChildren();
  // It is said once, not every two seconds.
  if (reason === null || lost.childElementCount > 0) return;
  const { now } = latest?.status ?? {};
  const from = now === undefined ? "" : ` What stands below is of ${moment(now, now)}.`;
  const why = `The status port does not answer (${reason}): the process has ended, or cannot be reached.`;
  if (latest !== null) {
    const before = told(latest.status);
    document.title = `${latest.status.pipeline}: connection lost`;
    // What was good then need not be so now.
    const verdict = `Before: ${before.verdict}`;
    showHealth(byId("health"), { ...before, tone: "none", verdict });
  }
  lost.replaceChildren(
    element("p", { class: "verdict" }, "Connection lost"),
    element("p", {}, `${why}${from} It is asked again every 2 s.`),
  );
}

function showFlow() {
  if (latest === null) return;
  const { status, letters } = latest;
  const { rateLimiter, lastResponse } = status.segment;
  const isTaken = lastResponse === null || lastResponse.action === "delivered";
  /** @type {{ readonly [place in Place]?: boolean }} */
  const bad = {
    kafka: !status.kafka.isJoined,
    letters: letters.length > 0,
    segment: rateLimiter.throttledUntil !== null || !isTaken,
  };
  flow.show(
    numbersOf(status, letters, rates),
    (place) => ((PASSING[place] && rates.of(PASSING[place])) ?? 0) > 0,
    (place) => bad[place] ?? false,
  );
}

/** @param {Status} status */
function partitionSum({ partitions: all }) {
  if (all.length === 0) return "";
  const taskStates = Map.groupBy(all, ({ taskState }) => taskState);
  const counts = [...taskStates]
    .map(([taskState, { length }]) => `${length} ${taskState}`)
    .join(", ");
  const [last] = all.toSorted((a, b) => (b.lag.records ?? 0) - (a.lag.records ?? 0));
  const records = last?.lag.records ?? 0;
  const furthest =
    last && records > 0
      ? `; furthest behind: ${last.topic}/${last.partition}, by ${counted(records, "record")}`
      : "";
  return `${counted(all.length, "partition")} here: ${counts}${furthest}.`;
}

/** @param {Status} status */
function letterSum({ deadLetters: { byReason } }) {
  const reasons = Object.entries(byReason).map(([code, count]) => `${number(count)} ${code}`);
  if (reasons.length === 0) return "";
  return `Since the process started: ${reasons.join(", ")}. The latest 200 are shown.`;
}

/** @param {Status} status */
function processLine({ kafka, process: { resident_bytes, eventLoopDelay_ms } }) {
  const joined = kafka.isJoined ? "The consumer has joined" : "The consumer has not joined";
  const late = duration(eventLoopDelay_ms / 1_000);
  return `${joined}, ${counted(kafka.rebalances, "assignment")} so far. Memory ${bytes(resident_bytes)}; the event loop is late by ${late} (p99).`;
}
