import type { SchemaRegistry as Client } from "@kafkajs/confluent-schema-registry";
import type { Clock } from "../../lib/clock.ts";
import { withTimeout } from "../../lib/timeout.ts";

type Options = ConstructorParameters<typeof Client>[0];
type Middleware = NonNullable<Options["middlewares"]>[number];

/**
 * Ends a request to the registry after `ms`, or when the process stops. The client has no timeout: a registry that
 * accepts the connection and does not respond, or not completely, would block its partitions for ever.
 */
export function requestTimeout(ms: number, clock: Clock, stop: AbortSignal): Middleware {
  // Called for each request.
  return () => {
    const request = new AbortController();
    return {
      prepareRequest: async (next) => (await next()).enhance({ signal: request.signal }),
      response: async (next) => {
        try {
          const response = await withTimeout(ms, clock, next(), stop);
          if (response) return response.value;
          throw new Error(
            stop.aborted ? "the process stops" : `no complete response within ${ms / 1_000} s`,
          );
        } catch (error) {
          request.abort();
          throw error;
        }
      },
    };
  };
}
