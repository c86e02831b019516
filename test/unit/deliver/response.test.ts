import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentResponse } from "../../../src/deliver/destination.ts";
import { actionFor, type ResponseAction } from "../../../src/deliver/response.ts";

const s = suite("deliver: response actions");

const NOW = Date.parse("2024-01-01T00:00:00Z");
const http = (status: number, body = ""): SegmentResponse => ({ status, body });

const KINDS: readonly (readonly [
  response: SegmentResponse,
  kind: ResponseAction["kind"],
  code?: string,
])[] = [
  [http(200, '{"success":true}'), "delivered"],
  [http(202), "delivered"],
  [http(204), "delivered"],
  [http(301), "stop", "SEGMENT_ADDRESS"],
  [http(400), "rejected"],
  [http(401), "stop", "SEGMENT_CREDENTIALS"],
  [http(402), "rejected"],
  [http(403), "stop", "SEGMENT_CREDENTIALS"],
  [http(404), "stop", "SEGMENT_ADDRESS"],
  [http(405), "stop", "SEGMENT_ADDRESS"],
  [http(408), "retry"],
  [http(413), "rejected"],
  [http(422), "rejected"],
  [http(429), "throttled"],
  [http(500), "retry"],
  [http(501), "retry"],
  [http(502), "retry"],
  [http(503), "retry"],
  [http(504), "retry"],
  [{ failure: "ECONNREFUSED" }, "retry"],
  [{ failure: "ETIMEDOUT" }, "retry"],
];

for (const [response, kind, code] of KINDS) {
  s(`should map ${"status" in response ? response.status : response.failure} to ${kind}`, () => {
    const result = actionFor(response, NOW);
    assert.is(result.kind, kind);
    if (result.kind !== "stop") return;
    assert.is(result.error.code, code);
    assert.is(result.error.consequence, "stop");
    assert.match(result.error.message, /Nothing is lost/);
  });
}

s("should have the status as the reason, and the start of the body", () => {
  const rejected = actionFor(http(400, "x".repeat(1_000)), NOW);
  assert.ok(rejected.kind === "rejected");
  assert.is(rejected.reason, "HTTP 400 Bad Request");
  assert.match(rejected.body, /^x{200}$/);
  const nameless = actionFor(http(460, "x"), NOW);
  assert.ok(nameless.kind === "retry");
  assert.is(nameless.reason, "HTTP 460");
  const failed = actionFor({ failure: "ECONNRESET: socket hang up" }, NOW);
  assert.ok(failed.kind === "retry");
  assert.is(failed.reason, "ECONNRESET: socket hang up");
});

const WAITS: readonly (readonly [retryAfter: string | undefined, wait_ms: number | null])[] = [
  ["0", null],
  ["7", 7_000],
  ["1.5", 1_500],
  ["-5", null],
  ["", null],
  [String(NOW / 1_000 + 20), 20_000],
  [String(NOW / 1_000 - 20), null],
  ["Mon, 01 Jan 2024 00:00:30 GMT", 30_000],
  ["Sun, 31 Dec 2023 00:00:00 GMT", null],
  ["86400", 3_600_000],
  ["soon", null],
  [undefined, null],
];

for (const [retryAfter, wait_ms] of WAITS) {
  s(`should wait ${wait_ms ?? "for a back-off"} after Retry-After: ${retryAfter}`, () => {
    const result = actionFor({ status: 429, body: "", retryAfter }, NOW);
    assert.ok(result.kind === "throttled");
    assert.is(result.wait_ms, wait_ms);
  });
}

s.run();
