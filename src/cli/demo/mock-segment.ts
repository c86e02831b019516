import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A message as it arrived. */
export type Arrived = {
  readonly type?: string;
  readonly event?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly traits?: { readonly [name: string]: unknown };
  readonly properties?: { readonly [name: string]: unknown };
  readonly timestamp?: string;
  readonly messageId?: string;
};

/** What it does instead: `hang` never answers, `reset` cuts the connection, `half` takes the batch and cuts its answer. */
export type Misbehaviour =
  | {
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly delay_ms?: number;
    }
  | "hang"
  | "half"
  | "reset";

export type MockSegmentOptions = {
  /** Loopback unless told otherwise; in a container others have to reach it. */
  readonly host?: string;
  /** A free one by default. */
  readonly port?: number;
  /** Called for each message that Segment would keep, in the order of arrival. */
  readonly onMessage?: (message: Arrived) => void;
  /** Asked for each request before it is looked at; `null` lets it behave. */
  readonly misbehave?: (batch: readonly Arrived[], request: number) => Misbehaviour | null;
};

/** Segment's limits and silences, as its HTTP API documents them. */
const LIMITS = { request_bytes: 500_000, message_bytes: 32_000, messages: 2_500 } as const;

/**
 * A local Segment: takes batches, and does with them what Segment does. It refuses what is too large (400), accepts and
 * drops what has no user or no event, and drops a messageId that it knows.
 */
export class MockSegment {
  /** Every message that was accepted with its request, repeats included. */
  readonly arrived: Arrived[] = [];
  /** What Segment would keep: with a user, an event, and a messageId not seen before. */
  readonly accepted: Arrived[] = [];
  /** Accepted and dropped without a word, by reason. */
  readonly dropped = { repeated: 0, withoutUser: 0, withoutEvent: 0, overLimit: 0 };
  requests = 0;
  readonly #options: MockSegmentOptions;
  readonly #seen = new Set<string>();
  readonly #server: Server;

  private constructor(options: MockSegmentOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#response(request, response).catch(() => response.destroy());
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

  /** Base URL, as `segment.url` takes it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #response(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    this.requests += 1;
    const batch = parse(body);
    const misbehaviour = this.#options.misbehave?.(batch ?? [], this.requests) ?? null;
    if (misbehaviour === "hang") return;
    if (misbehaviour === "reset") {
      request.socket.destroy();
      return;
    }
    if (misbehaviour === "half") {
      if (batch) this.#take(batch);
      response.writeHead(200, { "content-length": "100" }).write('{"succ');
      // What was written goes out first.
      setTimeout(() => request.socket.destroy(), 10);
      return;
    }
    if (misbehaviour?.delay_ms)
      await new Promise((resolve) => setTimeout(resolve, misbehaviour.delay_ms));
    const status = misbehaviour?.status ?? this.#statusOf(request, body, batch);
    if (status === 200 && batch) this.#take(batch);
    response.writeHead(status, { "content-type": "application/json", ...misbehaviour?.headers });
    response.end(JSON.stringify({ success: status === 200 }));
  }

  #statusOf(request: IncomingMessage, body: Buffer, batch: readonly Arrived[] | null): number {
    if (request.method !== "POST" || request.url !== "/v1/batch") return 404;
    if (batch === null || body.length > LIMITS.request_bytes) return 400;
    return batch.some(
      (message) => Buffer.byteLength(JSON.stringify(message)) > LIMITS.message_bytes,
    )
      ? 400
      : 200;
  }

  #take(batch: readonly Arrived[]): void {
    if (batch.length > LIMITS.messages) {
      this.dropped.overLimit += batch.length;
      return;
    }
    for (const message of batch) {
      this.arrived.push(message);
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

function parse(body: Buffer): readonly Arrived[] | null {
  try {
    const { batch } = JSON.parse(body.toString("utf8")) as { batch?: unknown };
    return Array.isArray(batch) ? batch : null;
  } catch {
    return null;
  }
}
