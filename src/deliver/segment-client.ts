import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import got, { type Got, RequestError } from "got";
import { maskOf } from "../lib/mask-secrets.ts";
import type { Destination, SegmentResponse } from "./destination.ts";

export type SegmentOptions = {
  readonly writeKey: string;
  /** Base URL; `/v1/batch` is added. */
  readonly url: string;
  /** Of request bodies. */
  readonly compression: "none" | "gzip";
  readonly timeout_ms: number;
  /** CA certificate in PEM; default: those of Node.js. */
  readonly ca?: Buffer;
  /** Name and version, for `context.library`. */
  readonly library: { readonly name: string; readonly version: string };
};

/** https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/ and its regional page. */
export const REGIONS = {
  us: "https://api.segment.io",
  eu: "https://events.eu1.segmentapis.com",
} as const;

/** Certificates that a retry does not fix: signed by an unknown CA, or for another host. An expired one may be renewed. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

const zip = promisify(gzip);

/** Segment's batch endpoint over got. One request, no retries: the delivery queue retries. */
export class SegmentClient implements Destination {
  readonly #got: Got;
  readonly #url: string;
  readonly #head = '{"batch":[';
  readonly #tail: string;
  readonly #isZipped: boolean;
  readonly #agents: { http: HttpAgent; https: HttpsAgent };
  readonly #mask: (text: string) => string;

  constructor({ writeKey, url, compression, timeout_ms, ca, library }: SegmentOptions) {
    this.#mask = maskOf([writeKey, `${writeKey}:`]);
    this.#tail = `],"context":${JSON.stringify({ library })}}`;
    this.#isZipped = compression === "gzip";
    this.#agents = {
      http: new HttpAgent({ keepAlive: true }),
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect.
      https: new HttpsAgent({ keepAlive: true, rejectUnauthorized: true, ca }),
    };
    this.#url = `${url.replace(/\/+$/, "")}/v1/batch`;
    this.#got = got.extend({
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`,
        "content-type": "application/json",
        ...(this.#isZipped ? { "content-encoding": "gzip" } : {}),
        "user-agent": `${library.name}/${library.version}`,
      },
      agent: this.#agents,
      retry: { limit: 0 },
      timeout: { request: timeout_ms },
      throwHttpErrors: false,
      followRedirect: false,
    });
  }

  async send(messages: readonly string[], signal: AbortSignal): Promise<SegmentResponse> {
    try {
      const text = this.#head + messages.join(",") + this.#tail;
      // As bytes: got encodes a string twice, for its length and to send it.
      const body = this.#isZipped ? await zip(text) : Buffer.from(text);
      const response = await this.#got(this.#url, { body, signal });
      return {
        status: response.statusCode,
        body: this.#mask(String(response.body)),
        retryAfter: response.headers["retry-after"] ?? rateLimitReset(response.headers),
      };
    } catch (error) {
      // got's errors hold the request with its authorization: only code and text are used.
      if (!(error instanceof RequestError)) return { failure: String(error) };
      const failure = `${error.code}: ${error.message}`;
      return UNTRUSTED.has(error.code) ? { failure, isUntrusted: true } : { failure };
    }
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}

function rateLimitReset(headers: {
  readonly [name: string]: string | string[] | undefined;
}): string | undefined {
  const value = headers["x-ratelimit-reset"];
  return typeof value === "string" ? value : undefined;
}
