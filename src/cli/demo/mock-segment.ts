import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A message of a batch. */
export type ReceivedMessage = {
  readonly type?: string;
  readonly event?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly traits?: { readonly [name: string]: unknown };
  readonly properties?: { readonly [name: string]: unknown };
  readonly timestamp?: string;
  readonly messageId?: string;
};

/** `hang` never responds, `reset` closes the connection, `half` accepts the batch and cuts off the response. */
export type Fault =
  | {
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly delay_ms?: number;
    }
  | "hang"
  | "half"
  | "reset";

export type MockSegmentOptions = {
  /** Default: loopback. In a container, other hosts must reach it. */
  readonly host?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Called for each accepted message, in order. */
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** The fault to inject for a request; `null` for none. */
  readonly faultFor?: (batch: readonly ReceivedMessage[], request: number) => Fault | null;
};

/** Limits documented for Segment's HTTP API. */
const LIMITS = { request_bytes: 500_000, message_bytes: 32_000, messages: 2_500 } as const;

/**
 * A local server with the behaviour of Segment's batch endpoint: it rejects oversized requests and messages (400), and
 * responds with 200 to messages it then drops: without a user, without an event, or with a known messageId.
 */
export class MockSegment {
  /** Every message of a request with status 200, including repeated ones. */
  readonly received: ReceivedMessage[] = [];
  /** Messages with a user, an event, and a new messageId. */
  readonly accepted: ReceivedMessage[] = [];
  /** Messages dropped with status 200, by reason. */
  readonly dropped = { repeated: 0, withoutUser: 0, withoutEvent: 0, overLimit: 0 };
  requests = 0;
  readonly #options: MockSegmentOptions;
  readonly #seen = new Set<string>();
  readonly #server: Server;

  private constructor(options: MockSegmentOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#respond(request, response).catch(() => response.destroy());
    });
  }

  static async start(options: MockSegmentOptions = {}): Promise<MockSegment> {
    const mockSegment = new MockSegment(options);
    await new Promise<void>((resolve, reject) => {
      mockSegment.#server.once("error", reject);
      mockSegment.#server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
    });
    return mockSegment;
  }

  /** Base URL, for `segment.url`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    this.requests += 1;
    const batch = parse(body);
    const fault = this.#options.faultFor?.(batch ?? [], this.requests) ?? null;
    if (fault === "hang") return;
    if (fault === "reset") {
      request.socket.destroy();
      return;
    }
    if (fault === "half") {
      if (batch) this.#accept(batch);
      response.writeHead(200, { "content-length": "100" }).write('{"succ');
      // The bytes written so far are sent before the connection closes.
      setTimeout(() => request.socket.destroy(), 10);
      return;
    }
    if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
    const status = fault?.status ?? this.#statusOf(request, body, batch);
    if (status === 200 && batch) this.#accept(batch);
    response.writeHead(status, { "content-type": "application/json", ...fault?.headers });
    response.end(JSON.stringify({ success: status === 200 }));
  }

  #statusOf(
    request: IncomingMessage,
    body: Buffer,
    batch: readonly ReceivedMessage[] | null,
  ): number {
    if (request.method !== "POST" || request.url !== "/v1/batch") return 404;
    if (batch === null || body.length > LIMITS.request_bytes) return 400;
    return batch.some(
      (message) => Buffer.byteLength(JSON.stringify(message)) > LIMITS.message_bytes,
    )
      ? 400
      : 200;
  }

  #accept(batch: readonly ReceivedMessage[]): void {
    if (batch.length > LIMITS.messages) {
      this.dropped.overLimit += batch.length;
      return;
    }
    for (const message of batch) {
      this.received.push(message);
      const id = message.messageId ?? "";
      if (!message.userId && !message.anonymousId) this.dropped.withoutUser += 1;
      else if (message.type === "track" && !message.event) this.dropped.withoutEvent += 1;
      else if (this.#seen.has(id)) this.dropped.repeated += 1;
      else {
        this.#seen.add(id);
        this.accepted.push(message);
        this.#options.onMessage?.(message);
      }
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

function parse(body: Buffer): readonly ReceivedMessage[] | null {
  try {
    const { batch } = JSON.parse(body.toString("utf8")) as { batch?: unknown };
    return Array.isArray(batch) ? batch : null;
  } catch {
    return null;
  }
}
