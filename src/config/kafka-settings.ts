import { z } from "zod";
import { address, choice, duration, file, flag, text } from "./setting-kinds.ts";

const brokerForm = "write host:port";

export const kafka = z
  .strictObject({
    brokers: z
      .array(z.string({ error: brokerForm }).regex(/^[^\s,@]+:\d+$/, brokerForm), {
        error: "write a list of brokers, each as host:port",
      })
      .min(1, "write at least one broker as host:port")
      .describe("Bootstrap brokers, each as `host:port`."),
    clientId: text()
      .optional()
      .describe(
        "Client id shown in the brokers' logs and metrics. Default: the pipeline's `name`.",
      ),
    groupId: text().optional().describe("Consumer group. Default: the pipeline's `name`."),
    sessionTimeout: duration("1s", "30m")
      .prefault("30s")
      .describe(
        "How long after its last heartbeat a killed process still owns its partitions. Then the group assigns them to others.",
      ),
    stallTimeout: duration("90s", "1h")
      .prefault("2m")
      .describe(
        "How long a consumer may neither fetch nor send a heartbeat before it is restarted. Joining a group may take a minute.",
      ),
    controlTopic: text()
      .optional()
      .describe(
        "Topic for messages between tasks: truncates, changed keys, ends of snapshots. It is created if missing. Default: `<name>.control`.",
      ),
    tls: z
      .union(
        [
          flag,
          z.strictObject({
            ca: file.optional().describe("CA certificate of the brokers. Default: the system's."),
            cert: file.optional().describe("Client certificate."),
            key: file.optional().describe("Private key of the client certificate."),
          }),
        ],
        { error: "write true, false or {ca: file, cert: file, key: file}" },
      )
      .default(false)
      .describe(
        "Whether connections use TLS: `true`, or the PEM files to use. Certificates are always verified.",
      ),
    sasl: z
      .strictObject({
        mechanism: choice("plain", "scram-sha-256", "scram-sha-512").describe("SASL mechanism."),
        username: text().describe("User name."),
        password: text().describe("Password. It is never printed or logged."),
      })
      .optional()
      .describe("SASL credentials."),
    schemaRegistry: z
      .strictObject({
        url: address.describe("Base URL of the registry."),
        username: text().optional().describe("User name for basic authentication."),
        password: text()
          .optional()
          .describe("Password for basic authentication. It is never printed or logged."),
        ca: file.optional().describe("CA certificate of the registry. Default: the system's."),
      })
      .optional()
      .describe(
        "Confluent-compatible schema registry. Needed for Avro, Protobuf and JSON Schema records.",
      ),
  })
  .describe(
    "Kafka cluster with the change topics. `run`, `record`, `redrive` and `check --connect` need it.",
  );
