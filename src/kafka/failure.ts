import { CdcError, type ErrorCode } from "../lib/errors.ts";
import { reasonOf } from "./error-hint.ts";

/** kafkajs marks these as final, yet each passes with a new connection: a coordinator that moved, a lock held too long. */
const PASSING = new Set([
  "KafkaJSNumberOfRetriesExceeded",
  "KafkaJSGroupCoordinatorNotFound",
  "KafkaJSTimeout",
  "KafkaJSLockTimeout",
]);

/** Whether the same thing may succeed later. Wrong credentials, missing rights and our own errors do not pass. */
export function passes(error: unknown): boolean {
  const chain = [...causes(error)];
  if (chain.some((cause) => cause instanceof CdcError)) return false;
  return chain.some(
    (cause) => PASSING.has(cause.name) || ("retriable" in cause && cause.retriable === true),
  );
}

/** Whether Kafka refuses it for want of a right, which no repetition heals. */
export function isRejected(error: unknown): boolean {
  return [...causes(error)].some(
    (cause) => "type" in cause && String(cause.type).endsWith("AUTHORIZATION_FAILED"),
  );
}

/** The CdcError inside, or a new one: `what` failed, Kafka's own error, and a code by its kind. */
export function failureOf(error: unknown, what: string): CdcError {
  for (const cause of causes(error)) if (cause instanceof CdcError) return cause;
  return new CdcError(codeOf(error), `${what}: ${reasonOf(error)}`, { cause: error });
}

const CREDENTIALS = /SASL/i;
const CONNECTION = /^KafkaJS(?:Connection|BrokerNotFound|NoBrokerAvailable|RequestTimeout)/;

function codeOf(error: unknown): ErrorCode {
  if (isRejected(error)) return "KAFKA_PERMISSION";
  const kinds = [...causes(error)].map((cause) =>
    "type" in cause ? String(cause.type) : cause.name,
  );
  if (kinds.some((kind) => CREDENTIALS.test(kind))) return "KAFKA_CREDENTIALS";
  if (kinds.includes("UNKNOWN_TOPIC_OR_PARTITION")) return "TOPIC_MISSING";
  return kinds.some((kind) => CONNECTION.test(kind)) ? "BROKER_UNREACHABLE" : "KAFKA_ERROR";
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}
