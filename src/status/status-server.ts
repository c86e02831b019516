import type { AddressInfo } from "node:net";
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { CdcError, messageOf } from "../lib/errors.ts";
import { EXPLAIN_USAGE, serveExplain } from "./explain-route.ts";
import { isLoopback } from "./loopback.ts";
import { metricsRegistry } from "./metrics-registry.ts";
import { ProcessMonitor } from "./process-usage.ts";
import type { DeadLettersStatus, Health, MessagesStatus, Status } from "./status.ts";
import { type NamedSync, statusOf } from "./status-of.ts";
import { servePage } from "./status-page.ts";
import type { Telemetry } from "./telemetry.ts";

export type StatusServerOptions = {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  readonly telemetry: Telemetry;
  readonly syncs: readonly NamedSync[];
  /** The settings in effect, with masked secrets. */
  readonly settings: object;
  readonly deadLetterTopic: string;
};

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Query parameters of `/status/messages`. */
const FILTERS = ["sync", "user", "key"] as const;
type Query = { readonly [name in (typeof FILTERS)[number]]?: string };

/** Serves `/metrics`, `/live`, `/ready`, `/status`, `/explain` and the status page at `/`. It only reads. */
export class StatusServer {
  readonly #server: FastifyInstance = fastify({ forceCloseConnections: true });
  readonly #options: StatusServerOptions;
  readonly #process = new ProcessMonitor();

  private constructor(options: StatusServerOptions) {
    this.#options = options;
    if (isLoopback(options.host)) this.#rejectForeignHosts();
    servePage(this.#server);
    this.#serveHealth();
    this.#serveMetrics();
    this.#serveStatus();
    serveExplain(this.#server, options.telemetry, options.deadLetterTopic);
    this.#serveErrors();
  }

  /** @throws CdcError CONFIGURATION if it cannot listen */
  static async open(options: StatusServerOptions): Promise<StatusServer> {
    const server = new StatusServer(options);
    const { host, port } = options;
    try {
      await server.#server.listen({ host, port });
      return server;
    } catch (error) {
      server.#process.close();
      const isInUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      throw new CdcError(
        "CONFIGURATION",
        `status: cannot listen at ${host}:${port}: ${isInUse ? "another process uses the port" : messageOf(error)}; ` +
          "set status.host and status.port to a free address of this machine (port 0: any free port), or `status: off`",
        { cause: error },
      );
    }
  }

  get url(): string {
    const { address, port, family } = this.#server.server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** Requests in progress get their response; idle connections are closed. */
  async close(): Promise<void> {
    await this.#server.close();
    this.#process.close();
  }

  #get(path: string, handler: Handler): void {
    this.#server.get(path, async (request, reply) => {
      reply.header("cache-control", "no-store");
      return handler(request, reply);
    });
  }

  /**
   * A web page can let its own host name resolve to loopback (DNS rebinding); its browser would then let it read the
   * responses.
   */
  #rejectForeignHosts(): void {
    this.#server.addHook("onRequest", async ({ hostname }, reply) => {
      if (isLoopback(hostname)) return;
      return reply.code(403).send({
        ...{ code: "FOREIGN_HOST", reason: `the status port is on loopback, not on ${hostname}` },
        toDo: "request localhost or 127.0.0.1, or set status.host to an address that other machines reach",
      });
    });
  }

  #serveHealth(): void {
    const { telemetry } = this.#options;
    const send = (health: Health, reply: FastifyReply) =>
      reply.code(health.status === "ok" ? 200 : 503).send(health);
    this.#get("/live", (_, reply) => send(telemetry.live, reply));
    this.#get("/ready", async (_, reply) => send(await telemetry.ready(), reply));
  }

  #serveMetrics(): void {
    const registry = metricsRegistry(() => this.#options.telemetry.observe());
    this.#get("/metrics", async (_, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    );
  }

  #serveStatus(): void {
    const { telemetry, syncs, settings } = this.#options;
    this.#get(
      "/status",
      async (): Promise<Status> =>
        statusOf(await telemetry.observe(), this.#process.read(), syncs, settings),
    );
    this.#get("/status/messages", ({ query }, reply) => this.#messages(query as Query, reply));
    this.#get(
      "/status/dead-letters",
      (): DeadLettersStatus => ({ deadLetters: telemetry.deadLetters.list() }),
    );
  }

  #messages(query: Query, reply: FastifyReply): MessagesStatus | FastifyReply {
    const { syncs, telemetry } = this.#options;
    const { sync } = query;
    const isKnown = sync === undefined || syncs.some(({ name }) => name === sync);
    const isFilter = ([name, value]: readonly [string, unknown]) =>
      FILTERS.includes(name as "sync") && typeof value === "string";
    if (isKnown && Object.entries(query).every(isFilter))
      return { messages: telemetry.messages.list(query) };
    return reply.code(400).send({
      ...{
        code: "BAD_REQUEST",
        reason: "the parameters are sync, user and key, each at most once",
      },
      toDo: `use one of the syncs ${syncs.map(({ name }) => name).join(", ")}`,
    });
  }

  #serveErrors(): void {
    const { pipeline } = this.#options.telemetry;
    this.#server.setErrorHandler((error: FastifyError, _, reply) => {
      const { statusCode = 500 } = error;
      const reason = messageOf(error);
      // Fastify rejects unreadable and oversized bodies with a status of its own.
      if (statusCode >= 400 && statusCode < 500)
        return reply
          .code(statusCode)
          .send({ pipeline, code: "BAD_REQUEST", reason, toDo: EXPLAIN_USAGE });
      return reply.code(500).send({
        ...{ pipeline, code: "NOT_OBSERVED", reason },
        toDo: "repeat the request; if it fails again, report it with the log and the version",
      });
    });
    this.#server.setNotFoundHandler((_, reply) =>
      reply.code(404).send({
        ...{ code: "NO_SUCH_PATH", reason: "the path does not exist" },
        toDo: "request /metrics, /live, /ready, /status, /status/messages, /status/dead-letters or /explain; / is the status page",
      }),
    );
  }
}
