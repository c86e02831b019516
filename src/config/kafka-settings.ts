import { z } from "zod";
import { address, duration, file, flag } from "./setting-kinds.ts";

export const kafka = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^[^\s,@]+:\d+$/, "write host:port"))
      .min(1)
      .describe("bootstrap brokers, host:port"),
    clientId: z.string().min(1).optional().describe("client id; default: `name`"),
    sessionTimeout: duration("1s", "30m")
      .prefault("30s")
      .describe(
        "session timeout of the consumer group: how long partitions of a killed process stay unassigned",
      ),
    stallTimeout: duration("90s", "1h")
      .prefault("2m")
      .describe(
        "a consumer that neither fetches nor sends heartbeats for this long is replaced; joining a group may take a minute",
      ),
    groupId: z.string().min(1).optional().describe("consumer group; default: `name`"),
    controlTopic: z
      .string()
      .min(1)
      .optional()
      .describe(
        "topic by which tasks coordinate truncates, primary-key changes and complete snapshots; default: `<name>.control`",
      ),
    tls: z
      .union([
        flag,
        z.strictObject({ ca: file.optional(), cert: file.optional(), key: file.optional() }),
      ])
      .default(false)
      .describe("true, or {ca, cert, key} as PEM files; certificates are always verified"),
    sasl: z
      .strictObject({
        mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
        username: z.string().min(1),
        password: z.string().min(1),
      })
      .optional()
      .describe("SASL login"),
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
  .describe("connection to Kafka and the schema registry");
