import { z } from "zod";
import { address, duration, file, flag } from "./setting-kinds.ts";

export const kafka = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^[^\s,@]+:\d+$/, "write host:port"))
      .min(1)
      .describe("bootstrap brokers, host:port"),
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe("client id at the brokers; default: the pipeline's name"),
    sessionTimeout: duration("1s", "30m")
      .prefault("30s")
      .describe(
        "how long the group waits for a process that was killed before it gives its partitions to others",
      ),
    stallTimeout: duration("90s", "1h")
      .prefault("2m")
      .describe(
        "a consumer that neither fetches nor sends a heartbeat for so long, though it has something to fetch, is replaced by a new one; a join may take a minute",
      ),
    groupId: z.string().min(1).optional().describe("consumer group; default: the pipeline's name"),
    controlTopic: z
      .string()
      .min(1)
      .optional()
      .describe(
        "topic in which the tasks tell each other what concerns several partitions (truncates, changed keys, ends of snapshots); made by us; default: `<name>.control`",
      ),
    tls: z
      .union([
        flag,
        z.strictObject({ ca: file.optional(), cert: file.optional(), key: file.optional() }),
      ])
      .default(false)
      .describe("true, or {ca, cert, key} as files; certificates are always verified"),
    sasl: z
      .strictObject({
        mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
        username: z.string().min(1),
        password: z.string().min(1),
      })
      .optional()
      .describe("SASL credentials"),
    schemaRegistry: z
      .strictObject({
        url: address,
        username: z.string().min(1).optional(),
        password: z.string().min(1).optional(),
        ca: file.optional(),
      })
      .optional()
      .describe("Confluent-compatible schema registry"),
  })
  .describe("where the change topics are");
