import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Programs } from "./download.ts";
import { classPath, javaOptions, properties } from "./java.ts";
import { withPorts } from "./ports.ts";
import { run } from "./run.ts";
import { Service } from "./service.ts";
import type { StallDetector } from "./watchdog.ts";

export interface KafkaOptions {
  /** Default: a free one. */
  port?: number;
  /** Broker settings on top of ours, e.g. {"log.retention.ms": "1000"}. */
  properties?: Record<string, string>;
  /** More listeners by name, each on a free port, with its protocol, e.g. {"SECURE": "SASL_SSL"}. */
  listeners?: Record<string, string>;
  /** Arguments for `kafka-storage format` on top of ours, e.g. ["--add-scram", …]. */
  format?: string[];
  /** A second broker, with a replica of everything, Kafka's own topics included. */
  second?: boolean;
}

/** A broker as a process. */
export interface Broker {
  /** Its `node.id`. */
  readonly id: number;
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

/** One broker, which is its own controller. Topics are not made by themselves: make them. */
export interface Kafka extends Broker {
  /** For kafkajs: ["127.0.0.1:port"], of each broker. The same after a restart, like the data. */
  readonly brokers: string[];
  /** The same for each of the additional listeners. */
  readonly listeners: Readonly<Record<string, string[]>>;
  /**
   * The second broker, where one was asked for. While it is away the first leads and coordinates everything; the first
   * is the controller of both.
   */
  readonly second: Broker | undefined;
}

export async function startKafka(
  programs: Programs,
  watchdog: StallDetector,
  options: KafkaOptions = {},
): Promise<Kafka> {
  const { listeners = {} } = options;
  const wanted = [
    options.port,
    undefined,
    undefined,
    ...Object.keys(listeners).map(() => undefined),
  ];
  return withPorts(wanted, async ([port = 0, controllerPort = 0, secondPort = 0, ...ports]) => {
    const added = Object.entries(listeners).map(([name, protocol], index) => ({
      name,
      protocol,
      address: `127.0.0.1:${ports[index]}`,
    }));
    const clusterId = randomBytes(16).toString("base64url");
    const start = (node: Node) => startBroker(programs, watchdog, clusterId, node, options);
    const first = await start({ id: 1, port, controllerPort, isController: true, added });
    const second = options.second
      ? await start({ id: 2, port: secondPort, controllerPort, isController: false, added: [] })
      : undefined;
    return {
      ...first,
      second,
      brokers: [port, ...(second ? [secondPort] : [])].map((each) => `127.0.0.1:${each}`),
      listeners: Object.fromEntries(added.map(({ name, address }) => [name, [address]])),
    };
  });
}

type Listener = { readonly name: string; readonly protocol: string; readonly address: string };

type Node = {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly isController: boolean;
  readonly added: readonly Listener[];
};

async function startBroker(
  programs: Programs,
  watchdog: StallDetector,
  clusterId: string,
  node: Node,
  options: KafkaOptions,
): Promise<Broker> {
  const name = node.isController ? "kafka" : `kafka-${node.id}`;
  const config = join(watchdog.directory, `${name}.properties`);
  const data = join(watchdog.directory, `kafka-${node.port}`);
  const settings = brokerSettings(node, data, options.second ? 2 : 1);
  await writeFile(config, properties({ ...settings, ...options.properties }));
  const java = [...javaOptions(watchdog.directory), ...classPath(programs.kafka)];
  // With "=", as an id may begin with a dash.
  const format = ["kafka.tools.StorageTool", "format", `--cluster-id=${clusterId}`, "-c", config];
  const quick = ["-XX:TieredStopAtLevel=1", ...java];
  await run("java", [...quick, ...format, ...(options.format ?? [])], { watchdog });

  const service = new Service(
    {
      name,
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
    id: node.id,
    logFile: service.logFile,
    stop: () => service.stop(),
    kill: () => service.kill(),
    start: () => service.start(),
    async restart() {
      await service.stop();
      await service.start();
    },
  };
}

function brokerSettings(
  { id, port, controllerPort, isController, added }: Node,
  data: string,
  replicas: number,
): Record<string, string | number> {
  const more = added.map(({ name, address }) => `,${name}://${address}`).join("");
  const protocols = added.map(({ name, protocol }) => `,${name}:${protocol}`).join("");
  const controller = isController ? `,CONTROLLER://127.0.0.1:${controllerPort}` : "";
  return {
    "process.roles": isController ? "broker,controller" : "broker",
    "node.id": id,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port}${controller}${more}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}${more}`,
    "listener.security.protocol.map": `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    "log.dirs": data,
    // A typing error in a topic name, or a consumer that comes before the connector, must not make a
    // topic with the wrong number of partitions.
    "auto.create.topics.enable": "false",
    // Recorded changes have fixed timestamps: with the default of 7 days the broker deletes them once they are older.
    "log.retention.ms": -1,
    "default.replication.factor": replicas,
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": replicas,
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
