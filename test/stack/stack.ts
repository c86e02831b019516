import { type Connect, startConnect } from "./connect.ts";
import {
  type ConnectorConfig,
  createConnector,
  deleteConnector,
  mariadbConnector,
  mysqlConnector,
  postgresConnector,
} from "./connector.ts";
import { download } from "./download.ts";
import { ensureInstalled } from "./install.ts";
import { type Kafka, type KafkaOptions, startKafka } from "./kafka.ts";
import { type MariaDb, startMariaDb } from "./mariadb.ts";
import { type MySql, startMySql } from "./mysql.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { startWatchdog } from "./watchdog.ts";

/** Which services to start, each on loopback. `true` means: on a free port. */
export interface StackOptions {
  kafka?: boolean | KafkaOptions;
  /** Brings Kafka with it. */
  connect?: boolean | { port?: number };
  postgres?: boolean | { port?: number };
  registry?: boolean | { port?: number };
  /** Installed, and its connector fetched, only for a stack that asks for it. */
  mariadb?: boolean | { port?: number };
  /** The same. */
  mysql?: boolean | { port?: number };
}

/** A service that was not asked for throws when it is used, and says so. */
export interface Stack {
  /** Data and logs of the services; gone after stop. */
  readonly directory: string;
  readonly kafka: Kafka;
  readonly connect: Connect;
  readonly postgres: Postgres;
  readonly registry: Registry;
  readonly mariadb: MariaDb;
  readonly mysql: MySql;
  /** Runs SQL on PostgreSQL; see Postgres.sql. */
  sql(text: string): Promise<string>;
  /** The configuration of a Debezium connector for this stack's PostgreSQL; see postgresConnector. */
  postgresConnector(settings?: ConnectorConfig): ConnectorConfig;
  /** The same for this stack's MariaDB; see mariadbConnector. */
  mariadbConnector(settings?: ConnectorConfig): ConnectorConfig;
  mysqlConnector(settings?: ConnectorConfig): ConnectorConfig;
  /** Resolves when connector and tasks run; see createConnector. */
  createConnector(name: string, config: ConnectorConfig): Promise<void>;
  deleteConnector(name: string): Promise<void>;
  /** Stops every service and removes the directory. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts real services for a test. Installs and downloads what is missing first, which takes minutes on
 * a new machine. When one service does not come up the others are stopped and the error has its log.
 * Should this process die, by whatever cause, a watchdog ends the services and removes their files.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  try {
    return await startOnce(options);
  } catch (error) {
    // A busy machine can time out once. Printed, because uvu does not print the error of a failed `before`.
    console.error("the stack could not be started, trying once more:", error);
    return await startOnce(options).catch((again) => {
      console.error("the stack could not be started:", again);
      throw again;
    });
  }
}

async function startOnce(options: StackOptions): Promise<Stack> {
  const needs = { mariadb: Boolean(options.mariadb), mysql: Boolean(options.mysql) };
  await ensureInstalled(needs);
  const programs = await download(needs);
  const watchdog = await startWatchdog();
  const wanted = { ...options, kafka: options.kafka || Boolean(options.connect) };

  const kafka = started(wanted.kafka, (own) => startKafka(programs, watchdog, own));
  const postgres = started(wanted.postgres, (own) => startPostgres(watchdog, own));
  const registry = started(wanted.registry, (own) => startRegistry(programs, watchdog, own));
  const mariadb = started(wanted.mariadb, (own) => startMariaDb(watchdog, own));
  const mysql = started(wanted.mysql, (own) => startMySql(programs.mysql, watchdog, own));
  const connect = started(wanted.connect, async (own) => {
    const broker = await kafka;
    return startConnect(programs, watchdog, given("kafka", broker), own);
  });
  const all = await Promise.allSettled([kafka, postgres, registry, mariadb, mysql, connect]);
  const failed = all.find((one) => one.status === "rejected");
  if (failed) {
    await watchdog.close();
    throw failed.reason;
  }
  const services = {
    kafka: await kafka,
    postgres: await postgres,
    registry: await registry,
    mariadb: await mariadb,
    mysql: await mysql,
    connect: await connect,
  };

  const stack: Stack = {
    directory: watchdog.directory,
    get kafka() {
      return given("kafka", services.kafka);
    },
    get connect() {
      return given("connect", services.connect);
    },
    get postgres() {
      return given("postgres", services.postgres);
    },
    get registry() {
      return given("registry", services.registry);
    },
    get mariadb() {
      return given("mariadb", services.mariadb);
    },
    get mysql() {
      return given("mysql", services.mysql);
    },
    sql(text) {
      return stack.postgres.sql(text);
    },
    postgresConnector(settings) {
      return postgresConnector(stack.postgres, settings);
    },
    mariadbConnector(settings) {
      return mariadbConnector(stack.mariadb, stack.kafka.brokers, settings);
    },
    mysqlConnector(settings) {
      return mysqlConnector(stack.mysql, stack.kafka.brokers, settings);
    },
    createConnector(name, config) {
      return createConnector(stack.connect.url, name, config);
    },
    deleteConnector(name) {
      return deleteConnector(stack.connect.url, name);
    },
    stop: () => watchdog.close(),
  };
  return stack;
}

async function started<O, S>(
  option: boolean | O | undefined,
  start: (own: O | undefined) => Promise<S>,
): Promise<S | undefined> {
  if (!option) return undefined;
  return start(option === true ? undefined : option);
}

function given<S>(name: string, service: S | undefined): S {
  if (service !== undefined) return service;
  throw new Error(`this stack has no ${name}: start it with startStack({ ${name}: true })`);
}
