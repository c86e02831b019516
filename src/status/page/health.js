import { element } from "./dom.js";
import { counted, moment } from "./format.js";

/** @import { Status } from "../status.ts" */
/** @typedef {{ readonly tone: "ok" | "warn" | "bad" | "none", readonly verdict: string, readonly lines: readonly string[] }} Told */

/**
 * How it is, in words: the verdict, why, and what to do.
 * @param {Status} status
 * @returns {Told}
 */
export function told(status) {
  const { live, ready } = status;
  const [failing] = [live, ready].filter((health) => health.status === "failing");
  if (failing?.status === "failing") {
    const verdict = live.status === "failing" ? "Failed" : "Not ready";
    const lines = [sentence(failing.reason), `What to do: ${failing.toDo}.`, ...notes(status)];
    return {
      tone: failing.code === "FAILED" ? "bad" : "warn",
      verdict: `${verdict}: ${failing.code}`,
      lines,
    };
  }
  const refusal = ofSegment(status);
  if (refusal !== null)
    return {
      tone: "warn",
      verdict: "Segment does not take messages now",
      lines: [refusal, ...notes(status)],
    };
  return { tone: "ok", verdict: "Healthy", lines: [caughtUp(status), ...notes(status)] };
}

/** Changes the page only where the words are others, so that they are read out once. @param {HTMLElement} at @param {Told} told */
export function showHealth(at, { tone, verdict, lines }) {
  const words = JSON.stringify([tone, verdict, lines]);
  if (at.dataset.words === words) return;
  at.dataset.words = words;
  at.dataset.tone = tone;
  const [first, ...more] = lines;
  at.replaceChildren(
    element(
      "p",
      { class: "verdict" },
      element("span", { class: "mark", "aria-hidden": "true" }),
      verdict,
    ),
    ...(first === undefined ? [] : [element("p", {}, first)]),
    ...(more.length === 0
      ? []
      : [element("ul", {}, ...more.map((line) => element("li", {}, line)))]),
  );
}

/** @param {Status} status */
function caughtUp({ partitions }) {
  if (partitions.length === 0)
    return "It has no partitions: other processes of its group have them all.";
  if (partitions.some(({ lag }) => lag.records === null))
    return "It does its work; how far it is behind is not known yet.";
  const behind = partitions.filter(({ lag }) => lag.records !== 0);
  if (behind.length === 0) return "Everything that the topics hold is delivered and stored.";
  const records = behind.reduce((sum, { lag }) => sum + (lag.records ?? 0), 0);
  return `It does its work: ${counted(records, "record")} to go, in ${behind.length} of ${counted(partitions.length, "partition")}.`;
}

/** Why Segment does not take messages; `null` where it does. @param {Status} status */
function ofSegment({ segment, now }) {
  const { rateLimiter, lastResponse } = segment;
  if (rateLimiter.throttledUntil !== null)
    return `Segment asked to slow down: sending goes on at ${moment(rateLimiter.throttledUntil, now)}. Nothing is lost; nothing is to do.`;
  if (
    lastResponse === null ||
    lastResponse.action === "delivered" ||
    lastResponse.action === "rejected"
  )
    return null;
  const reason = lastResponse.reason ?? lastResponse.action;
  return `Its last answer, at ${moment(lastResponse.at, now)}: ${sentence(reason)} The batch is kept and tried again; nothing is lost.`;
}

/** What is worth knowing besides. @param {Status} status @returns {readonly string[]} */
function notes({ partitions, deadLetters, kafka }) {
  const paused = partitions.filter(({ taskState }) => taskState === "paused").length;
  const { crashed, lost, stalled } = kafka.restarts;
  const restarts = crashed + lost + stalled;
  return [
    paused > 0
      ? `${counted(paused, "partition is", "partitions are")} paused: a limit is reached, nothing more is fetched until it is worked off.`
      : "",
    deadLetters.total > 0
      ? `${counted(deadLetters.total, "dead letter")}: the reasons stand below; once their cause is mended, redrive sends them.`
      : "",
    restarts > 0
      ? `The consumer was replaced ${counted(restarts, "time")}: ${crashed} crashed, ${lost} lost by the group, ${stalled} silent.`
      : "",
  ].filter((note) => note !== "");
}

/** @param {string} text */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
