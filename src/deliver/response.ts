import { STATUS_CODES } from "node:http";
import { CdcError } from "../lib/errors.ts";
import type { SegmentResponse } from "./destination.ts";

/** What a response means for its batch. Reasons are logged: they have the status, not the body, which may quote a message. */
export type ResponseAction =
  | { readonly kind: "delivered" }
  /** Send the batch again after a back-off. */
  | { readonly kind: "retry"; readonly reason: string }
  /** No delivery queue sends before `wait_ms` has passed; `null`: before a back-off has passed. */
  | { readonly kind: "throttled"; readonly wait_ms: number | null; readonly reason: string }
  /** A message in the batch is rejected: halve the batch until that message is alone. */
  | { readonly kind: "rejected"; readonly reason: string; readonly body: string }
  | { readonly kind: "stop"; readonly error: CdcError };

/** A date further in the future comes from a wrong clock. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Segment's HTTP API responds with 400 to bad JSON and to too large a request, with 429 above its rate limit, and with
 * 200 to everything else. Other statuses come from proxies, gateways and compatible receivers.
 */
export function actionFor(response: SegmentResponse, now: number): ResponseAction {
  if ("failure" in response) {
    return response.isUntrusted
      ? stop(
          "SEGMENT_ADDRESS",
          `the certificate at the configured address cannot be verified (${response.failure}); set segment.ca to the CA certificate that signed it, and segment.url to a host that it names`,
        )
      : { kind: "retry", reason: response.failure };
  }
  const { status } = response;
  const reason = ["HTTP", status, STATUS_CODES[status] ?? []].flat().join(" ");
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 429)
    return { kind: "throttled", wait_ms: waitOf(response.retryAfter, now), reason };
  if (status === 401 || status === 403) {
    return stop(
      "SEGMENT_CREDENTIALS",
      `Segment rejected the write key (${reason}); set segment.writeKey to the key of the source`,
    );
  }
  if (status >= 500 || status === 408 || status === 410 || status === 425 || status === 460) {
    return { kind: "retry", reason };
  }
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) {
    return stop(
      "SEGMENT_ADDRESS",
      `there is no Segment API at the configured address (${reason}); correct segment.url or segment.region`,
    );
  }
  return { kind: "rejected", reason, body: bodyOf(response) };
}

const LONGEST_BODY = 200;

/** The start of the response body, which may quote messages. */
export function bodyOf(response: SegmentResponse): string {
  return "body" in response ? response.body.slice(0, LONGEST_BODY) : "";
}

function stop(code: "SEGMENT_CREDENTIALS" | "SEGMENT_ADDRESS", text: string): ResponseAction {
  return {
    kind: "stop",
    error: new CdcError(
      code,
      `${text}. Nothing is lost: undelivered messages are kept for the next start`,
    ),
  };
}

/** A larger number of seconds is not a wait: so many have passed since 1970. */
const EPOCH_SECONDS = 1e9;

/**
 * `Retry-After` in seconds or as an HTTP date; some receivers write seconds since 1970. `null` if it names no wait: a
 * request sent again at once would be throttled again.
 */
function waitOf(retryAfter: string | undefined, now: number): number | null {
  const seconds = Number(retryAfter || Number.NaN);
  const until = seconds > EPOCH_SECONDS ? seconds * 1_000 : Date.parse(retryAfter ?? "");
  const ms = seconds <= EPOCH_SECONDS ? seconds * 1_000 : until - now;
  return ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : null;
}
