import { reasonOf } from "../../kafka/error-hint.ts";
import { failureOf, isDenied } from "../../kafka/failure.ts";
import { type Finding, problem } from "./finding.ts";

/**
 * The finding for an error of Kafka.
 * @param permission to grant if Kafka denies access, in the terms of Kafka's ACLs
 */
export function kafkaProblem(about: string, permission: string, error: unknown): Finding {
  if (isDenied(error))
    return problem(about, `Kafka denies access (${reasonOf(error)}); grant ${permission}`);
  if ((error as Error).name === "KafkaJSServerDoesNotSupportApiKey")
    return problem(
      about,
      `the broker is too old (${reasonOf(error)}); Kafka 0.11 or newer is needed`,
    );
  const { code, message } = failureOf(error, "Kafka does not respond");
  return problem(about, `${code}: ${message}`);
}
