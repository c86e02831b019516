import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CdcError } from "../errors.ts";
import type { Explanation, Question } from "../explanation.ts";
import { isLoopback } from "./loopback.ts";
import type { Telemetry } from "./telemetry.ts";

/** A record of Kafka, in the recorded form. */
const LARGEST_LINE_BYTES = 20_000_000;
/** A registry that is away is waited for, and whoever asks is not to wait for ever. */
const WITHIN_MS = 10_000;

/** What `/explain` may be asked with. */
const ASKED = ["model", "key", "values"];

/**
 * `GET /explain?model=&key=` says why something was sent about a row, or not; `POST` with a recorded line as its body also
 * what that record would do. With `values=true` it tells values of columns, to this machine alone.
 */
export function serveExplain(server: FastifyInstance, telemetry: Telemetry): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    const question = questionOf(request);
    if (typeof question === "string") return refused(reply, question);
    if (question.showValues && !isLoopback(request.ip)) return reply.code(403).send(ELSEWHERE);
    try {
      const explanation = await inTime(telemetry.explain(question));
      return explanation ?? reply.code(503).send(NOT_YET);
    } catch (error) {
      if (error instanceof CdcError && error.next === "usage") return refused(reply, error.message);
      throw error;
    }
  };
  server.get("/explain", answer);
  server.post("/explain", { bodyLimit: LARGEST_LINE_BYTES }, answer);
}

function questionOf({ query, body }: FastifyRequest): Question | string {
  const asked = query as { readonly [name: string]: unknown };
  const { model, key = null, values = "false" } = asked;
  if (Object.keys(asked).some((name) => !ASKED.includes(name)))
    return `it can be asked with ${ASKED.join(", ")}`;
  if (typeof model !== "string") return "it needs the name of one model";
  if (key !== null && typeof key !== "string") return "it can be asked for one key";
  if (values !== "true" && values !== "false") return "values are true or false";
  const line = body === undefined || body === null ? null : textOf(body);
  return { model, key, line, showValues: values === "true" };
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function refused(reply: FastifyReply, reason: string): FastifyReply {
  const toDo = "ask /explain?model=NAME&key=JSON, or send a recorded line as the body";
  return reply.code(400).send({ code: "BAD_QUESTION", reason, toDo });
}

const ELSEWHERE = {
  code: "VALUES_ELSEWHERE",
  reason: "values of rows are told to the machine itself alone",
  toDo: "ask without values, or on the machine where it runs",
};

const NOT_YET = {
  code: "NOT_RUNNING",
  reason: "the pipeline does not run yet",
  toDo: "ask again once it is ready",
};

async function inTime(answer: Promise<Explanation | null>): Promise<Explanation | null> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new Error(`no answer in ${WITHIN_MS / 1_000} s: what it needs, a registry, is away`),
    );
  }, WITHIN_MS);
  return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}
