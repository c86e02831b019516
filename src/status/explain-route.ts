import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Explanation, Question } from "../explain/explanation.ts";
import { explanationText } from "../explain/explanation-text.ts";
import { systemClock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import { withTimeout } from "../lib/timeout.ts";
import { isThisMachine } from "./loopback.ts";
import type { Telemetry } from "./telemetry.ts";

/** A Kafka record in its recorded form. */
const MAX_LINE_BYTES = 20_000_000;

/** An explanation may wait for the schema registry. */
const TIMEOUT_MS = 10_000;

/** Query parameters of `/explain`. */
const PARAMETERS = ["model", "key", "values"];

/**
 * `GET /explain?model=&key=` explains why a row produced a message or none; `POST` with a recorded line as its body also
 * explains what that record would do. `values=true` includes column values and is only for requests from this machine.
 * The response is JSON, or with `Accept: text/plain` the text of the `explain` command. Errors name the pipeline, so that
 * a client notices when another pipeline uses the port.
 */
export function serveExplain(
  server: FastifyInstance,
  telemetry: Telemetry,
  deadLetterTopic: string,
): void {
  const { pipeline } = telemetry;
  const badRequest = (reply: FastifyReply, reason: string, toDo: string) =>
    reply.code(400).send({ pipeline, code: "BAD_REQUEST", reason, toDo });
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    const question = questionOf(request);
    if (typeof question === "string") return badRequest(reply, question, EXPLAIN_USAGE);
    if (question.showValues && !isThisMachine(request.ip))
      return reply.code(403).send({ pipeline, ...VALUES_LOCAL_ONLY });
    try {
      const explanation = await inTime(telemetry.explain(question));
      if (explanation === null) return reply.code(503).send({ pipeline, ...NOT_RUNNING });
      if (!prefersText(request)) return explanation;
      return reply
        .type("text/plain; charset=utf-8")
        .send(explanationText(explanation, deadLetterTopic));
    } catch (error) {
      if (error instanceof CdcError && error.consequence === "usage")
        return badRequest(reply, error.message, ARGUMENT_FORMS);
      throw error;
    }
  };
  server.get("/explain", handler);
  server.post("/explain", { bodyLimit: MAX_LINE_BYTES }, handler);
}

/** The question of a request, or what is wrong with its parameters. */
function questionOf({ query, body }: FastifyRequest): Question | string {
  const parameters = query as { readonly [name: string]: unknown };
  const { model, key = null, values = "false" } = parameters;
  if (Object.keys(parameters).some((name) => !PARAMETERS.includes(name)))
    return `the parameters are ${PARAMETERS.join(", ")}`;
  if (typeof model !== "string") return "model is required, once";
  if (key !== null && typeof key !== "string") return "key may be given once";
  if (values !== "true" && values !== "false") return "values must be true or false";
  const line = body === undefined || body === null ? null : textOf(body);
  return { model, key, line, showValues: values === "true" };
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** Only if the client prefers text to JSON: a client that accepts both equally, or anything, gets JSON. */
function prefersText({ headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? "";
  return quality(accept, "text/plain") > quality(accept, "application/json");
}

/** The quality of a media type in an Accept header (RFC 9110), from 0 to 1; 0 if it is not named. */
function quality(accept: string, type: string): number {
  const ranges = accept.split(",").map((range) => range.split(";").map((part) => part.trim()));
  const [, ...parameters] = ranges.find(([name]) => name?.toLowerCase() === type) ?? ["", "q=0"];
  const q = parameters.find((parameter) => /^q=/i.test(parameter));
  return q === undefined ? 1 : Number(q.slice(2));
}

export const EXPLAIN_USAGE =
  "request /explain?model=NAME&key=JSON, or send a recorded line as the body, as text/plain, of at most 20 MB";

const ARGUMENT_FORMS =
  'name a model of the settings; write a key as 7, "a", ["org1",7] or {"org":"org1","id":7}, a record as one line of `record` or `kcat -C -J`';

const VALUES_LOCAL_ONLY = {
  code: "VALUES_LOCAL_ONLY",
  reason: "row values are only for requests from the same machine",
  toDo: "leave out values=true, or send the request from the machine of the process",
};

const NOT_RUNNING = {
  code: "NOT_RUNNING",
  reason: "the pipeline is not running yet",
  toDo: "repeat the request when /ready is ok",
};

async function inTime(explanation: Promise<Explanation | null>): Promise<Explanation | null> {
  const explained = await withTimeout(TIMEOUT_MS, systemClock, explanation);
  if (explained !== null) return explained.value;
  throw new Error(
    `no explanation within ${TIMEOUT_MS / 1_000} s: the schema registry does not respond`,
  );
}
