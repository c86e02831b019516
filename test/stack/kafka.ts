import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Programs } from "./download.ts";
import { classPath, javaOptions, properties } from "./java.ts";
import { withPorts } from "./ports.ts";
import { run } from "./run.ts";
import { Service } from "./service.ts";
import type { Watchdog } from "./watchdog.ts";

export interface KafkaOptions {
  /** Default: a free one. */
  port?: number;
  /** Broker settings on top of ours, e.g. {"log.retention.ms": "1000"}. */
  properties?: Record<string, string>;
  /** More listeners by name, each on a free port, with its protocol, e.g. {"SECURE": "SASL_SSL"}. */
  listeners?: Record<string, string>;
  /** Arguments for `kafka-storage format` on top of ours, e.g. ["--add-scram", …]. */
  format?: string[];
}

/** One broker, which is its own controller. Topics are not made by themselves: make them. */
export interface Kafka {
  /** For kafkajs: ["127.0.0.1:port"]. The same after a restart, like the data. */
  readonly brokers: string[];
  /** The same for each of the additional listeners. */
  readonly listeners: Readonly<Record<string, string[]>>;
  readonly logFile: string;
  /** An orderly stop. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** After stop or kill: on the same port, with the same data. */
  start(): Promise<void>;
  /** stop, then start. */
  restart(): Promise<void>;
}

export async function startKafka(
  programs: Programs,
  watchdog: Watchdog,
  options: KafkaOptions = {},
): Promise<Kafka> {
  const { listeners = {} } = options;
  const wanted = [options.port, undefined, ...Object.keys(listeners).map(() => undefined)];
  return withPorts(wanted, async ([port = 0, controllerPort = 0, ...ports]) => {
    const added = Object.entries(listeners).map(([name, protocol], index) => ({
      name,
      protocol,
      address: `127.0.0.1:${ports[index]}`,
    }));
    const config = join(watchdog.folder, "kafka.properties");
    const data = join(watchdog.folder, `kafka-${port}`);
    const settings = brokerSettings(port, controllerPort, data, added);
    await writeFile(config, properties({ ...settings, ...options.properties }));
    const java = [...javaOptions(watchdog.folder), ...classPath(programs.kafka)];
    const clusterId = randomBytes(16).toString("base64url");
    // With "=", as an id may begin with a dash.
    const format = ["kafka.tools.StorageTool", "format", `--cluster-id=${clusterId}`, "-c", config];
    const quick = ["-XX:TieredStopAtLevel=1", ...java];
    await run("java", [...quick, ...format, ...(options.format ?? [])], { watchdog });

    const service = new Service(
      {
        name: "kafka",
        command: "java",
        args: [...java, "kafka.Kafka", config],
        // A TCP connection succeeds seconds before the broker serves; its own word is exact.
        ready: async (log) => (await log()).includes("Kafka Server started"),
        readyWithinMs: 60_000,
      },
      watchdog,
    );
    await service.start();
    return {
      brokers: [`127.0.0.1:${port}`],
      listeners: Object.fromEntries(added.map(({ name, address }) => [name, [address]])),
      logFile: service.logFile,
      stop: () => service.stop(),
      kill: () => service.kill(),
      start: () => service.start(),
      async restart() {
        await service.stop();
        await service.start();
      },
    };
  });
}

type Listener = { readonly name: string; readonly protocol: string; readonly address: string };

function brokerSettings(
  port: number,
  controllerPort: number,
  data: string,
  added: readonly Listener[],
): Record<string, string | number> {
  const more = added.map(({ name, address }) => `,${name}://${address}`).join("");
  const protocols = added.map(({ name, protocol }) => `,${name}:${protocol}`).join("");
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${more}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}${more}`,
    "listener.security.protocol.map": `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    "log.dirs": data,
    // A typing error in a topic name, or a consumer that comes before the connector, must not make a
    // topic with the wrong number of partitions.
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // Else every first member of a group waits 3 s for more.
    "group.initial.rebalance.delay.ms": 0,
    // A broker that was killed may not register again before its old session has ended: 9 s by default.
    "broker.session.timeout.ms": 2_000,
    "broker.heartbeat.interval.ms": 250,
    // Tests want to see a short session timeout work.
    "group.min.session.timeout.ms": 1_000,
  };
}
