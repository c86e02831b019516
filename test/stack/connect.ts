import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Programs } from "./download.ts";
import { classPath, javaOptions, properties } from "./java.ts";
import type { Kafka } from "./kafka.ts";
import { withPorts } from "./ports.ts";
import { Service } from "./service.ts";
import type { Watchdog } from "./watchdog.ts";

/** A Kafka Connect worker, in distributed mode as in production, with Debezium as plugin. */
export interface Connect {
  /** Its REST API. */
  readonly url: string;
  readonly logFile: string;
}

export async function startConnect(
  programs: Programs,
  watchdog: Watchdog,
  kafka: Kafka,
  options: { port?: number } = {},
): Promise<Connect> {
  return withPorts([options.port], async ([port]) => {
    const url = `http://127.0.0.1:${port}`;
    const config = join(watchdog.folder, "connect.properties");
    await writeFile(config, properties(workerSettings(url, kafka, programs)));
    const service = new Service(
      {
        name: "connect",
        command: "java",
        args: [
          ...javaOptions(watchdog.folder),
          ...classPath(programs.kafka),
          "org.apache.kafka.connect.cli.ConnectDistributed",
          config,
        ],
        // 200 once the worker has read its topics and joined its group.
        ready: async () => (await fetch(`${url}/health`)).ok,
        readyWithinMs: 90_000,
      },
      watchdog,
    );
    await service.start();
    return { url, logFile: service.logFile };
  });
}

function workerSettings(
  url: string,
  kafka: Kafka,
  programs: Programs,
): Record<string, string | number> {
  const json = "org.apache.kafka.connect.json.JsonConverter";
  return {
    "bootstrap.servers": kafka.brokers.join(","),
    listeners: url,
    "group.id": "connect",
    "plugin.path": programs.plugins,
    // Reads the plugins' manifests; scanning every jar takes seconds.
    "plugin.discovery": "service_load",
    "key.converter": json,
    "key.converter.schemas.enable": "false",
    "value.converter": json,
    "value.converter.schemas.enable": "false",
    "config.storage.topic": "connect-configs",
    "config.storage.replication.factor": 1,
    "offset.storage.topic": "connect-offsets",
    "offset.storage.replication.factor": 1,
    "offset.storage.partitions": 1,
    "status.storage.topic": "connect-status",
    "status.storage.replication.factor": 1,
    "status.storage.partitions": 1,
    "offset.flush.interval.ms": 1_000,
    // Else connectors of a worker that came back wait five minutes for another one.
    "scheduled.rebalance.max.delay.ms": 0,
  };
}
