import type { SchemaRegistry as Client } from "@kafkajs/confluent-schema-registry";
import type { Clock } from "../../lib/clock.ts";

type Options = ConstructorParameters<typeof Client>[0];
type Middleware = NonNullable<Options["middlewares"]>[number];

/**
 * Gives a question to the registry a deadline, or an end where the process ends. The client has none: one that takes the
 * connection and is silent, or dies in the midst of its answer, would hold its partitions for ever.
 */
export function inTime(ms: number, clock: Clock, stop: AbortSignal): Middleware {
  // Called for each question.
  return () => {
    const given = new AbortController();
    const responded = new AbortController();
    const late = async () => {
      await clock.sleep(ms, AbortSignal.any([stop, responded.signal]));
      throw new Error(stop.aborted ? "not waited for" : `no whole answer within ${ms / 1_000} s`);
    };
    return {
      prepareRequest: async (next) => (await next()).enhance({ signal: given.signal }),
      response: async (next) => {
        try {
          return await Promise.race([next(), late()]);
        } catch (error) {
          given.abort();
          throw error;
        } finally {
          responded.abort();
        }
      },
    };
  };
}
