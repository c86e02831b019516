import { reasonOf } from "../../kafka/error-hint.ts";
import { failureOf, isDenied } from "../../kafka/failure.ts";
import { type Finding, problem } from "./finding.ts";

/**
 * What it means that Kafka did not answer a question.
 * @param right what has to be granted where it refuses, as Kafka's ACLs call it
 */
export function unanswered(about: string, right: string, error: unknown): Finding {
  if (isDenied(error))
    return problem(about, `Kafka refuses us (${reasonOf(error)}); grant ${right}`);
  if ((error as Error).name === "KafkaJSServerDoesNotSupportApiKey")
    return problem(
      about,
      `the broker is too old (${reasonOf(error)}); Kafka 0.11 or newer is needed`,
    );
  const { code, message } = failureOf(error, "Kafka does not answer");
  return problem(about, `${code}: ${message}`);
}
