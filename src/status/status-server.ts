import type { AddressInfo } from "node:net";
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { CdcError, messageOf } from "../lib/errors.ts";
import { HOW_TO_ASK, serveExplain } from "./explain-route.ts";
import { isLoopback } from "./loopback.ts";
import { MetricsText } from "./registry.ts";
import type { DeadLettersStatus, Health, MessagesStatus, Status } from "./status.ts";
import { type NamedSync, statusOf } from "./status-of.ts";
import { servePage } from "./status-page.ts";
import type { Telemetry } from "./telemetry.ts";

export type StatusServerOptions = {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
  readonly telemetry: Telemetry;
  readonly syncs: readonly NamedSync[];
  /** Those in force, without their secrets. */
  readonly settings: object;
  /** The topic in which they stand. */
  readonly deadLetters: string;
};

/** What `/status/messages` may be asked with. */
const ASKED = ["sync", "user", "key"] as const;

/** Answers `/metrics`, `/live`, `/ready`, `/status` and `/`, the page for people, while a pipeline runs. It only reads. */
export class StatusServer {
  readonly #server: FastifyInstance = fastify({ forceCloseConnections: true });
  readonly #options: StatusServerOptions;
  readonly #metrics = new MetricsText();

  private constructor(options: StatusServerOptions) {
    this.#options = options;
    const { telemetry } = options;
    const get = (
      path: string,
      response: (request: FastifyRequest, reply: FastifyReply) => unknown,
    ) =>
      this.#server.get(path, async (request, reply) => {
        reply.header("cache-control", "no-store");
        return response(request, reply);
      });
    if (isLoopback(options.host))
      this.#server.addHook("onRequest", async (request, reply) => {
        if (!isLoopback(request.hostname)) return reply.code(403).send(foreign(request.hostname));
      });
    servePage(this.#server);
    get("/live", (_, reply) => health(telemetry.live, reply));
    get("/ready", async (_, reply) => health(await telemetry.ready(), reply));
    get("/metrics", async (_, reply) => {
      const text = await this.#metrics.of(await telemetry.observe());
      telemetry.scraped();
      return reply.type(this.#metrics.contentType).send(text);
    });
    get(
      "/status",
      async (): Promise<Status> =>
        statusOf(await telemetry.observe(), options.syncs, options.settings),
    );
    get("/status/messages", ({ query }, reply) => this.#messages(query as Query, reply));
    get(
      "/status/dead-letters",
      (): DeadLettersStatus => ({ deadLetters: telemetry.deadLetters.list() }),
    );
    serveExplain(this.#server, telemetry, options.deadLetters);
    this.#server.setErrorHandler((error: FastifyError, _, reply) => {
      const about = { pipeline: telemetry.pipeline, reason: messageOf(error) };
      const { statusCode = 500 } = error;
      // The server refuses what cannot be taken for a question with the status that says why.
      if (statusCode >= 400 && statusCode < 500)
        return reply.code(statusCode).send({ ...about, code: "BAD_QUESTION", toDo: HOW_TO_ASK });
      return reply.code(500).send({
        ...about,
        code: "NOT_OBSERVED",
        toDo: "ask again; where it stays, the log and the version of this program help who mends it",
      });
    });
    this.#server.setNotFoundHandler((_, reply) =>
      reply.code(404).send({
        ...{ code: "NO_SUCH_PATH", reason: "there is nothing here" },
        toDo: "ask for /metrics, /live, /ready, /status, /status/messages, /status/dead-letters or /explain; / is the page for people",
      }),
    );
  }

  /** @throws CdcError CONFIGURATION where the port cannot be had */
  static async open(options: StatusServerOptions): Promise<StatusServer> {
    const server = new StatusServer(options);
    const { host, port } = options;
    try {
      await server.#server.listen({ host, port });
      return server;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      throw new CdcError(
        "CONFIGURATION",
        `status: cannot listen at ${host}:${port}: ${isTaken ? "another process does" : messageOf(error)}; ` +
          "set status.host and status.port to an address of this machine that is free (port 0: any), or `status: off`",
        { cause: error },
      );
    }
  }

  get url(): string {
    const { address, port, family } = this.#server.server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** Who is being answered is answered; nobody is waited for. */
  async close(): Promise<void> {
    await this.#server.close();
  }

  #messages(query: Query, reply: FastifyReply): MessagesStatus | FastifyReply {
    const { syncs, telemetry } = this.#options;
    const unknown = Object.keys(query).find((name) => !ASKED.includes(name as "sync"));
    const { sync } = query;
    const isKnown = sync === undefined || syncs.some(({ name }) => name === sync);
    if (unknown === undefined && isKnown && Object.values(query).every(isText))
      return { messages: telemetry.messages.list(query) };
    return reply.code(400).send({
      ...{ code: "BAD_QUESTION", reason: "it can be asked once each for sync, user and key" },
      toDo: `the syncs are ${syncs.map(({ name }) => name).join(", ")}`,
    });
  }
}

type Query = { readonly [name in (typeof ASKED)[number]]?: string };

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function health(health: Health, reply: FastifyReply): FastifyReply {
  return reply.code(health.status === "ok" ? 200 : 503).send(health);
}

/** A page of the web may have its own name point here: its browser would let it read what it gets. */
function foreign(host: string): object {
  return {
    ...{ code: "FOREIGN_HOST", reason: `it listens on loopback and was asked for as ${host}` },
    toDo: "ask for localhost or 127.0.0.1, or set status.host to the address that others are to ask at",
  };
}
