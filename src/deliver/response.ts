import { STATUS_CODES } from "node:http";
import { CdcError } from "../lib/errors.ts";
import type { SegmentResponse } from "./destination.ts";

/**
 * What an answer means for the batch that it answers. Reasons are logged: they name the status, and do not repeat the
 * body, which may quote a message.
 */
export type ResponseAction =
  | { readonly kind: "delivered" }
  /** Try the same batch again after a back-off. */
  | { readonly kind: "retry"; readonly reason: string }
  /** Nobody may send before `wait_ms` has passed; without it, after a back-off. */
  | { readonly kind: "slow down"; readonly wait_ms: number | null; readonly reason: string }
  /** Something in the batch is refused: halve it until the one message stands alone. */
  | { readonly kind: "rejected"; readonly reason: string; readonly body: string }
  | { readonly kind: "stop"; readonly error: CdcError };

/** A date far away is a wrong clock rather than a request to wait that long. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Segment's HTTP API answers 200 to everything but bad JSON and size (400), and 429 for rate; the rest is what proxies,
 * gateways and compatible receivers say.
 */
export function actionFor(response: SegmentResponse, now: number): ResponseAction {
  if ("failure" in response) {
    return response.isUntrusted
      ? stop(
          "SEGMENT_ADDRESS",
          `the certificate at the configured address cannot be trusted (${response.failure}); segment.ca has to name the authority that signed it, and segment.url the host as the certificate does`,
        )
      : { kind: "retry", reason: response.failure };
  }
  const { status } = response;
  const reason = ["HTTP", status, STATUS_CODES[status] ?? []].flat().join(" ");
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 429)
    return { kind: "slow down", wait_ms: waitOf(response.retryAfter, now), reason };
  if (status === 401 || status === 403) {
    return stop(
      "SEGMENT_CREDENTIALS",
      `Segment refuses the write key (${reason}); set segment.writeKey to the key of the source`,
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

/** What was answered beside the status, as much of it as is told; it may quote what was sent. */
export function bodyOf(response: SegmentResponse): string {
  return "body" in response ? response.body.slice(0, LONGEST_BODY) : "";
}

function stop(code: "SEGMENT_CREDENTIALS" | "SEGMENT_ADDRESS", text: string): ResponseAction {
  return {
    kind: "stop",
    error: new CdcError(
      code,
      `${text}. Nothing is lost: what was not delivered is kept for the next start`,
    ),
  };
}

/** More seconds than this are no time to wait: so many have passed since 1970. */
const EPOCH_SECONDS = 1e9;

/**
 * `Retry-After` in seconds or as an HTTP date; some receivers give seconds since 1970. `null` where it asks for no wait:
 * who asked to slow down and is sent the same at once only says it again.
 */
function waitOf(retryAfter: string | undefined, now: number): number | null {
  const seconds = Number(retryAfter || Number.NaN);
  const until = seconds > EPOCH_SECONDS ? seconds * 1_000 : Date.parse(retryAfter ?? "");
  const ms = seconds <= EPOCH_SECONDS ? seconds * 1_000 : until - now;
  return ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : null;
}
