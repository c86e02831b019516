import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Programs } from "./download.ts";
import { javaOptions } from "./java.ts";
import { withPorts } from "./ports.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

/** Apicurio's registry. */
export interface Registry {
  /** Confluent's API, for @kafkajs/confluent-schema-registry: http://127.0.0.1:port/apis/ccompat/v7 */
  readonly url: string;
  /** Apicurio's own API, for its Connect converters: http://127.0.0.1:port/apis/registry/v2 */
  readonly apicurioUrl: string;
  readonly logFile: string;
  /** An orderly stop. */
  stop(): Promise<void>;
  /** After stop: on the same port, with the same schemas. */
  start(): Promise<void>;
}

export async function startRegistry(
  programs: Programs,
  watchdog: StallDetector,
  options: { port?: number } = {},
): Promise<Registry> {
  const files = await readdir(programs.registry);
  const jar = files.find((file) => file.endsWith("-runner.jar"));
  if (jar === undefined) throw new Error(`there is no *-runner.jar in ${programs.registry}`);
  return withPorts([options.port], async ([port]) => {
    const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
    const service = new Service(
      {
        name: "registry",
        command: "java",
        args: [
          ...javaOptions(watchdog.directory),
          "-Dquarkus.http.host=127.0.0.1",
          `-Dquarkus.http.port=${port}`,
          "-jar",
          join(programs.registry, jar),
        ],
        // By default its schemas are in memory, and gone with it.
        env: { REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${watchdog.directory}/registry-${port}` },
        ready: async () => (await fetch(`${url}/subjects`)).ok,
        readyWithinMs: 60_000,
      },
      watchdog,
    );
    await service.start();
    const apicurioUrl = `http://127.0.0.1:${port}/apis/registry/v2`;
    return {
      url,
      apicurioUrl,
      logFile: service.logFile,
      stop: () => service.stop(),
      start: () => service.start(),
    };
  });
}
