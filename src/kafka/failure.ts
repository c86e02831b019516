import { CdcError, type ErrorCode } from "../lib/errors.ts";
import { reasonOf } from "./error-hint.ts";

/** kafkajs marks these as final, but a new connection recovers: a coordinator that moved, a lock that timed out. */
const RETRIABLE = new Set([
  "KafkaJSNumberOfRetriesExceeded",
  "KafkaJSGroupCoordinatorNotFound",
  "KafkaJSTimeout",
  "KafkaJSLockTimeout",
]);

/** Whether a retry may succeed. Wrong credentials, missing permissions and our own errors are final. */
export function isRetryable(error: unknown): boolean {
  const chain = [...causes(error)];
  if (chain.some((cause) => cause instanceof CdcError)) return false;
  return chain.some(
    (cause) => RETRIABLE.has(cause.name) || ("retriable" in cause && cause.retriable === true),
  );
}

/** Whether Kafka denied the permission, which no retry changes. */
export function isDenied(error: unknown): boolean {
  return [...causes(error)].some(
    (cause) => "type" in cause && String(cause.type).endsWith("AUTHORIZATION_FAILED"),
  );
}

/** The CdcError in the chain of causes, or a new one: `what` failed, Kafka's error, and the code for its kind. */
export function failureOf(error: unknown, what: string): CdcError {
  for (const cause of causes(error)) if (cause instanceof CdcError) return cause;
  return new CdcError(codeOf(error), `${what}: ${reasonOf(error)}`, { cause: error });
}

const CREDENTIALS = /SASL/i;
const CONNECTION = /^KafkaJS(?:Connection|BrokerNotFound|NoBrokerAvailable|RequestTimeout)/;

function codeOf(error: unknown): ErrorCode {
  if (isDenied(error)) return "KAFKA_PERMISSION";
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
