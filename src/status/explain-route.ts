import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Explanation, Question } from "../explain/explanation.ts";
import { explanationText } from "../explain/explanation-text.ts";
import { CdcError } from "../lib/errors.ts";
import { isThisMachine } from "./loopback.ts";
import type { Telemetry } from "./telemetry.ts";

/** A record of Kafka, in the recorded form. */
const LARGEST_LINE_BYTES = 20_000_000;
/** A registry that is away is waited for, and whoever asks is not to wait for ever. */
const WITHIN_MS = 10_000;

/** What `/explain` may be asked with. */
const ASKED = ["model", "key", "values"];

/**
 * `GET /explain?model=&key=` says why something was sent about a row, or not; `POST` with a recorded line as its body also
 * what that record would do. With `values=true` it tells values of columns, to this machine alone. It answers with JSON;
 * where `text/plain` is accepted before that, with what the command prints. A refusal names the pipeline too: whoever asks
 * may mean another one.
 * @param deadLetters the topic in which they stand
 */
export function serveExplain(
  server: FastifyInstance,
  telemetry: Telemetry,
  deadLetters: string,
): void {
  const { pipeline } = telemetry;
  const rejected = (reply: FastifyReply, reason: string, toDo: string) =>
    reply.code(400).send({ pipeline, code: "BAD_QUESTION", reason, toDo });
  const response = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    const question = questionOf(request);
    if (typeof question === "string") return rejected(reply, question, HOW_TO_ASK);
    if (question.showValues && !isThisMachine(request.ip))
      return reply.code(403).send({ pipeline, ...ELSEWHERE });
    try {
      const explanation = await inTime(telemetry.explain(question));
      if (explanation === null) return reply.code(503).send({ pipeline, ...NOT_YET });
      if (!isTextWanted(request)) return explanation;
      return reply
        .type("text/plain; charset=utf-8")
        .send(explanationText(explanation, deadLetters));
    } catch (error) {
      if (error instanceof CdcError && error.consequence === "usage")
        return rejected(reply, error.message, HOW_TO_SAY);
      throw error;
    }
  };
  server.get("/explain", response);
  server.post("/explain", { bodyLimit: LARGEST_LINE_BYTES }, response);
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

/** Browsers and programs that take anything get JSON, and those that name both alike. */
function isTextWanted({ headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? "";
  return weight(accept, "text/plain") > weight(accept, "application/json");
}

/** How much a type is wanted, from 0 to 1, by the Accept header of RFC 9110; 0 where it is not named. */
function weight(accept: string, type: string): number {
  const ranges = accept.split(",").map((range) => range.split(";").map((part) => part.trim()));
  const [, ...parameters] = ranges.find(([name]) => name?.toLowerCase() === type) ?? ["", "q=0"];
  const given = parameters.find((parameter) => /^q=/i.test(parameter));
  return given === undefined ? 1 : Number(given.slice(2));
}

export const HOW_TO_ASK =
  "ask /explain?model=NAME&key=JSON, or send a recorded line as the body, as text/plain, of at most 20 MB";

const HOW_TO_SAY =
  'name a model of the settings; write a key as 7, "a", ["org1",7] or {"org":"org1","id":7}, a record as one line of `record` or `kcat -C -J`';

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

async function inTime(response: Promise<Explanation | null>): Promise<Explanation | null> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new Error(`no answer in ${WITHIN_MS / 1_000} s: what it needs, a registry, is away`),
    );
  }, WITHIN_MS);
  return Promise.race([response, late.promise]).finally(() => clearTimeout(timer));
}
