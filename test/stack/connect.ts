import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Programs } from "./download.ts";
import { classPath, javaOptions, properties } from "./java.ts";
import type { Kafka } from "./kafka.ts";
import { withPorts } from "./ports.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

/** Shared with docker-compose.yml; what depends on the place is appended. */
const SETTINGS = new URL("connect.properties", import.meta.url);

/** A Kafka Connect worker, in distributed mode as in production, with Debezium as plugin. */
export interface Connect {
  /** Its REST API. */
  readonly url: string;
  readonly logFile: string;
}

export async function startConnect(
  programs: Programs,
  watchdog: StallDetector,
  kafka: Kafka,
  options: { port?: number } = {},
): Promise<Connect> {
  return withPorts([options.port], async ([port]) => {
    const url = `http://127.0.0.1:${port}`;
    const config = join(watchdog.directory, "connect.properties");
    const changeId = {
      "bootstrap.servers": kafka.brokers.join(","),
      listeners: url,
      "plugin.path": programs.plugins,
    };
    await writeFile(config, (await readFile(SETTINGS, "utf8")) + properties(changeId));
    const service = new Service(
      {
        name: "connect",
        command: "java",
        args: [
          ...javaOptions(watchdog.directory),
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
