/** `npm run stack`: the real services on fixed ports, with sample tables, until Ctrl-C. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { printMessage } from "./mock-segment.ts";
import { isFree } from "./ports.ts";
import { sampleConnector, sampleTables } from "./sample.ts";
import { type Stack, startStack } from "./stack.ts";

/** What config/local.yaml expects; each can be changed by a flag, e.g. --kafka-port 29092. */
const DEFAULT_PORTS = {
  kafka: 19092,
  connect: 18083,
  postgres: 15432,
  registry: 18081,
  segment: 18080,
};

type Name = keyof typeof DEFAULT_PORTS;
type Ports = Record<Name, number>;

const NAMES = Object.keys(DEFAULT_PORTS) as Name[];

async function main(): Promise<void> {
  const ports = readPorts();
  await refuseTakenPorts(ports);
  console.error("starting Kafka, Connect with Debezium, PostgreSQL and the registry ...");
  const startedTime = Date.now();
  const stack = await startStack({
    kafka: { port: ports.kafka },
    connect: { port: ports.connect },
    postgres: { port: ports.postgres },
    registry: { port: ports.registry },
  });
  await stack.sql(await sampleTables());
  await stack.createConnector("app", sampleConnector(stack.postgres));
  await MockSegment.start({ port: ports.segment, onMessage: printMessage });
  console.error(
    `up in ${Math.round((Date.now() - startedTime) / 1_000)} s\n\n${guide(stack, ports)}\n`,
  );

  await Promise.race((["SIGINT", "SIGTERM"] as const).map((signal) => once(process, signal)));
  console.error("\nstopping ...");
  await stack.stop();
}

function readPorts(): Ports {
  const options = Object.fromEntries(NAMES.map((name) => [`${name}-port`, { type: "string" }]));
  const { values } = parseArgs({ options: options as Record<string, { type: "string" }> });
  const ports = { ...DEFAULT_PORTS };
  for (const name of NAMES) {
    const text = values[`${name}-port`];
    if (text === undefined) continue;
    ports[name] = Number(text);
    if (!(Number.isInteger(ports[name]) && ports[name] > 0 && ports[name] < 65_536)) {
      throw new Error(`--${name}-port is "${text}"; write a port from 1 to 65535`);
    }
  }
  return ports;
}

async function refuseTakenPorts(ports: Ports): Promise<void> {
  for (const name of NAMES) {
    if (await isFree(ports[name])) continue;
    throw new Error(
      `port ${ports[name]}, meant for ${name}, is taken on 127.0.0.1: is another stack running? ` +
        `Stop it, or choose another port with --${name}-port (and in config/local.yaml)`,
    );
  }
}

function guide(stack: Stack, ports: Ports): string {
  const psql = `psql ${stack.postgres.url} -c`;
  return `  Kafka        ${stack.kafka.brokers.join(",")}   (topics app.public.users, app.public.subscriptions)
  Connect      ${stack.connect.url}
  PostgreSQL   ${stack.postgres.url}
  registry     ${stack.registry.url}
  Segment      http://127.0.0.1:${ports.segment}   (a mock Segment server: it prints what it receives)
  logs         ${stack.directory}/*.log

Watch a row become an event. In a second terminal:
  npm run local
and in a third:
  ${psql} "UPDATE users SET plan = 'team' WHERE id = 1"

Ctrl-C stops everything and removes its files.`;
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`stack: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
