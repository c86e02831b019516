import { element } from "./dom.js";
import { counted, timeOfDay } from "./format.js";

/** @import { Status } from "../status.ts" */
/** @typedef {{ readonly tone: "ok" | "warn" | "bad" | "none", readonly headline: string, readonly lines: readonly string[] }} HealthText */

/**
 * The health of the process: headline, reason, and what to do.
 * @param {Status} status
 * @returns {HealthText}
 */
export function healthText(status) {
  const { live, ready } = status;
  const [failing] = [live, ready].filter((health) => health.status === "failing");
  if (failing?.status === "failing")
    return {
      tone: failing.code === "FAILED" ? "bad" : "warn",
      headline: `${live.status === "failing" ? "Failed" : "Not ready"}: ${failing.code}`,
      lines: [sentence(failing.reason), `What to do: ${failing.toDo}.`, ...notes(status)],
    };
  const outage = segmentOutage(status);
  if (outage !== null)
    return {
      tone: "warn",
      headline: "Segment does not accept messages",
      lines: [outage, ...notes(status)],
    };
  return { tone: "ok", headline: "Healthy", lines: [lagSentence(status), ...notes(status)] };
}

/** Replaces the text only if it differs: screen readers announce every change. @param {HTMLElement} target @param {HealthText} text */
export function showHealth(target, { tone, headline, lines }) {
  const shown = JSON.stringify([tone, headline, lines]);
  if (target.dataset.shown === shown) return;
  target.dataset.shown = shown;
  target.dataset.tone = tone;
  const [first, ...more] = lines;
  target.replaceChildren(
    element(
      "p",
      { class: "headline" },
      element("span", { class: "mark", "aria-hidden": "true" }),
      headline,
    ),
    ...(first === undefined ? [] : [element("p", {}, first)]),
    ...(more.length === 0
      ? []
      : [element("ul", {}, ...more.map((line) => element("li", {}, line)))]),
  );
}

/** @param {Status} status */
function lagSentence({ partitions }) {
  if (partitions.length === 0)
    return "No partitions are assigned: other processes of the group own them.";
  if (partitions.some(({ lag }) => lag.records === null))
    return "Running; the lag is not known yet.";
  const lagging = partitions.filter(({ lag }) => lag.records !== 0);
  if (lagging.length === 0) return "No lag: every record is delivered and stored.";
  const records = lagging.reduce((sum, { lag }) => sum + (lag.records ?? 0), 0);
  return `Running with a lag of ${counted(records, "record")}, in ${lagging.length} of ${counted(partitions.length, "partition")}.`;
}

/** Why Segment does not accept messages; `null` if it does. @param {Status} status */
function segmentOutage({ segment, now }) {
  const { rateLimiter, lastResponse } = segment;
  if (rateLimiter.throttledUntil !== null)
    return `Segment responds with 429: requests are throttled until ${timeOfDay(rateLimiter.throttledUntil, now)}. Nothing is lost, and there is nothing to do.`;
  if (
    lastResponse === null ||
    lastResponse.action === "delivered" ||
    lastResponse.action === "rejected"
  )
    return null;
  const reason = lastResponse.reason ?? lastResponse.action;
  return `Last response, at ${timeOfDay(lastResponse.time, now)}: ${sentence(reason)} The batch is retried; nothing is lost.`;
}

/** @param {Status} status @returns {readonly string[]} */
function notes({ partitions, deadLetters, kafka }) {
  const paused = partitions.filter(({ taskState }) => taskState === "paused").length;
  const { crashed, lost, stalled } = kafka.restarts;
  const restarts = crashed + lost + stalled;
  return [
    paused > 0
      ? `${counted(paused, "partition is", "partitions are")} paused: a limit is reached, and fetching resumes below it.`
      : "",
    deadLetters.total > 0
      ? `${counted(deadLetters.total, "dead letter")}: see the reasons below, fix the cause, then run redrive.`
      : "",
    restarts > 0
      ? `The consumer was restarted ${counted(restarts, "time")}: ${crashed} crashed, ${lost} lost to the group, ${stalled} stalled.`
      : "",
  ].filter((note) => note !== "");
}

/** @param {string} text */
export function sentence(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
