#!/usr/bin/env node
import { parseArgs } from "node:util";
import { check } from "./command/check.ts";
import { demo } from "./command/demo.ts";
import { preview } from "./command/preview.ts";
import { record } from "./command/record.ts";
import { replay } from "./command/replay.ts";
import { run } from "./command/run.ts";
import { CdcError, messageOf } from "./errors.ts";

const USAGE = `cdc-to-segment turns Debezium change topics into Segment identify and track calls.

  cdc-to-segment run --config F               the service: Kafka in, Segment out, until SIGTERM
  cdc-to-segment replay --config F INPUT      the same from a recorded file (or - for standard input)
  cdc-to-segment preview --config F INPUT     prints the messages, sends nothing  [--dead-letters FILE]
  cdc-to-segment record --config F            writes the configured topics in the recorded form  [--limit N]
  cdc-to-segment check --config F             validates the configuration  [--connect: against Kafka too]
  cdc-to-segment demo                         recorded events into a local Segment stand-in

INPUT is what \`kcat -C -J\` writes, also gzipped. Exit codes: 0 done, 1 the run failed, 2 configuration or arguments.
`;

const OPTIONS = {
  config: { type: "string" },
  connect: { type: "boolean" },
  "dead-letters": { type: "string" },
  limit: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parse();
  const [command, input, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stderr.write(USAGE);
    if (command === undefined && !values.help)
      throw new CdcError("ARGUMENTS", "which command? See above");
    return;
  }
  const config = (): string => {
    if (values.config === undefined)
      throw new CdcError("ARGUMENTS", `${command} needs --config FILE`);
    return values.config;
  };
  const file = (): string => {
    if (input === undefined)
      throw new CdcError(
        "ARGUMENTS",
        `${command} needs an INPUT: a recorded file, or - for standard input`,
      );
    return input;
  };
  if (rest.length > 0) throw new CdcError("ARGUMENTS", `too many arguments: ${rest.join(" ")}`);
  switch (command) {
    case "run":
      await run(config());
      // A broker that is away keeps kafkajs' timers for some 20 s; everything that matters is done.
      return process.exit(0);
    case "replay":
      return replay(config(), file());
    case "preview":
      return preview(config(), file(), values["dead-letters"]);
    case "record":
      return record(config(), limit(values.limit));
    case "check":
      return check(config(), values.connect ?? false);
    case "demo":
      return demo();
    default:
      throw new CdcError(
        "ARGUMENTS",
        `there is no command "${command}"; see cdc-to-segment --help`,
      );
  }
}

function limit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new CdcError("ARGUMENTS", `--limit is "${text}"; write a number of records`);
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new CdcError("ARGUMENTS", `${messageOf(error)}; see cdc-to-segment --help`);
  }
}

try {
  await main();
} catch (error) {
  const known = error instanceof CdcError;
  process.stderr.write(`${known ? `${error.code}: ${error.message}` : (error as Error).stack}\n`);
  process.exitCode = known && error.next === "usage" ? 2 : 1;
}
