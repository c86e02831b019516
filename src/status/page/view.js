import { byId, element, scrollRegion, setText } from "./dom.js";
import { offerModels } from "./explain.js";
import { offerSyncs } from "./filter.js";
import { Flow, TALL, WIDE } from "./flow.js";
import { age, bytes, counted, duration, number, timeOfDay } from "./format.js";
import { healthText, showHealth } from "./health.js";
import { Rates } from "./rates.js";
import { settingsText } from "./settings.js";
import { stageTexts } from "./stage-texts.js";
import { deadLetterTable, messageTable, partitionTable, syncTable } from "./tables.js";

/** @import { RecentDeadLetter, RecentMessage, Status } from "../status.ts" */
/** @import { Stage } from "./flow.js" */
/** @import { Counted } from "./rates.js" */

/**
 * The responses of one refresh.
 * @typedef {{
 *   readonly status: Status,
 *   readonly messages: readonly RecentMessage[],
 *   readonly isFiltered: boolean,
 *   readonly deadLetters: readonly RecentDeadLetter[],
 * }} Responses
 */

const flow = new Flow(byId("flow-diagram"));
const partitionRows = partitionTable(byId("partitions-table"));
const syncRows = syncTable(byId("syncs-table"));
const messageRows = messageTable(byId("messages-table"));
const deadLetterRows = deadLetterTable(byId("dead-letters-table"));
const settings = element("pre", {});
byId("settings-text").append(scrollRegion("Settings", settings));
const rates = new Rates();
/** @type {Responses | null} */
let latest = null;

/** What the arrows from a stage carry. @type {{ readonly [stage in Stage]?: Counted }} */
const FLOWING = {
  ...{ kafka: "records", decode: "records", classify: "records", checkpoint: "records" },
  ...{ map: "messages", segment: "delivered" },
};

/** @param {Responses} responses */
export function show(responses) {
  const { status, messages, isFiltered, deadLetters } = responses;
  const { now, pipeline } = status;
  latest = responses;
  rates.add(status);
  const health = healthText(status);
  document.title = `${pipeline}: ${health.headline}`;
  setText(byId("pipeline"), pipeline);
  setText(byId("process-summary"), processSummary(status));
  showHealth(byId("health"), health);
  showFlow();
  setText(byId("partitions-summary"), partitionSummary(status));
  partitionRows.show(status.partitions, now, "No partitions are assigned.");
  syncRows.show(status.syncs, now, "There are no syncs.");
  offerSyncs(status.syncs);
  offerModels(status.syncs);
  setText(
    byId("messages-summary"),
    isFiltered
      ? `${counted(messages.length, "message")} found.`
      : "The latest 100 messages of each sync.",
  );
  messageRows.show(messages, now, isFiltered ? NOT_FOUND : "No message has been sent yet.");
  setText(byId("dead-letters-summary"), deadLetterSummary(status));
  deadLetterRows.show(deadLetters, now, "There are no dead letters.");
  setText(settings, settingsText(status.settings));
  setText(byId("process"), processUsage(status));
}

const NOT_FOUND =
  "No retained message matches. The source's debugger at Segment may show earlier messages.";

/** Left to right, or top to bottom on a narrow screen. */
export function drawFlow(isWide = true) {
  flow.draw(isWide ? WIDE : TALL);
  showFlow();
}

/** @param {string | null} reason why the refresh failed; `null` if it did not */
export function showDisconnected(reason) {
  const connection = byId("connection");
  if (reason === null) connection.replaceChildren();
  // Screen readers announce it once, not every two seconds.
  if (reason === null || connection.childElementCount > 0) return;
  const { now } = latest?.status ?? {};
  const outdated = now === undefined ? "" : ` The data below is from ${timeOfDay(now, now)}.`;
  if (latest !== null) {
    const before = healthText(latest.status);
    document.title = `${latest.status.pipeline}: connection lost`;
    showHealth(byId("health"), { ...before, tone: "none", headline: `Before: ${before.headline}` });
  }
  connection.replaceChildren(
    element("p", { class: "headline" }, "Connection lost"),
    element(
      "p",
      {},
      `The status port does not respond (${reason}): the process has ended or is unreachable.${outdated} Retrying every 2 s.`,
    ),
  );
}

function showFlow() {
  if (latest === null) return;
  const { status, deadLetters } = latest;
  const { rateLimiter, lastResponse } = status.segment;
  const isDelivering = lastResponse === null || lastResponse.action === "delivered";
  /** @type {{ readonly [stage in Stage]?: boolean }} */
  const bad = {
    kafka: !status.kafka.isJoined,
    deadLetters: deadLetters.length > 0,
    segment: rateLimiter.throttledUntil !== null || !isDelivering,
  };
  flow.show(
    stageTexts(status, deadLetters, rates),
    (stage) => ((FLOWING[stage] && rates.of(FLOWING[stage])) ?? 0) > 0,
    (stage) => bad[stage] ?? false,
  );
}

/** @param {Status} status */
function processSummary({ version, since, now }) {
  const running = duration(Math.floor(age(since, now)));
  return `cdc-to-segment ${version}, running for ${running}, as of ${timeOfDay(now, now)}`;
}

/** @param {Status} status */
function partitionSummary({ partitions }) {
  if (partitions.length === 0) return "";
  const states = Map.groupBy(partitions, ({ taskState }) => taskState);
  const counts = [...states].map(([state, { length }]) => `${length} ${state}`).join(", ");
  const [last] = partitions.toSorted((a, b) => (b.lag.records ?? 0) - (a.lag.records ?? 0));
  const records = last?.lag.records ?? 0;
  const highest =
    last && records > 0
      ? `; highest lag: ${counted(records, "record")} in ${last.topic}/${last.partition}`
      : "";
  return `${counted(partitions.length, "partition")} of this process: ${counts}${highest}.`;
}

/** @param {Status} status */
function deadLetterSummary({ deadLetters: { byReason } }) {
  const reasons = Object.entries(byReason).map(([code, count]) => `${number(count)} ${code}`);
  if (reasons.length === 0) return "";
  return `Since the process started: ${reasons.join(", ")}. The latest 200 are listed.`;
}

/** @param {Status} status */
function processUsage({ kafka, process: { resident_bytes, eventLoopDelay_ms } }) {
  const joined = kafka.isJoined ? "has joined" : "has not joined";
  const delay = duration(eventLoopDelay_ms / 1_000);
  return `The consumer ${joined} its group; ${counted(kafka.rebalances, "assignment")} so far. Memory ${bytes(resident_bytes)}; event loop delay ${delay} (p99).`;
}
