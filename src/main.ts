#!/usr/bin/env node
import { parseArgs } from "node:util";
import { check } from "./cli/check/check.ts";
import type { ConnectOptions } from "./cli/check/check-connect.ts";
import { demo } from "./cli/demo/demo.ts";
import { type ExplainOptions, explain } from "./cli/explain/explain.ts";
import { preview } from "./cli/preview/preview.ts";
import { exitCodeOf } from "./cli/process.ts";
import { record } from "./cli/record/record.ts";
import { redrive } from "./cli/redrive/redrive.ts";
import { replay } from "./cli/replay/replay.ts";
import { run } from "./cli/run/run.ts";
import { duration } from "./config/setting-kinds.ts";
import { CdcError, messageOf } from "./lib/errors.ts";
import { limitHeapGrowth } from "./lib/v8-heap.ts";

const USAGE = `cdc-to-segment turns Debezium change topics into Segment identify and track calls.

  cdc-to-segment run --config F               the service: Kafka in, Segment out, until SIGTERM  [--rebuild]
  cdc-to-segment replay --config F INPUT      the same from a recorded file (or - for standard input)
  cdc-to-segment preview --config F INPUT     prints the messages, sends nothing  [--dead-letters FILE]
  cdc-to-segment record --config F            writes the configured topics in the recorded form  [--limit N]
  cdc-to-segment redrive --config F [INPUT]   sends dead letters through again  [--outdated] [--dry-run]
  cdc-to-segment check --config F             validates the configuration  [--connect: against what is there too:
                                              --outage 7d, --show-values, --canary sends one marked event]
  cdc-to-segment explain --config F --model M --key JSON
                                              says why something was sent about a row, or not  [--record FILE: and
                                              what a recorded line would do; it is enough without --key]
                                              [--json] [--show-values]
                                              a key is 7, '"a"', '["org1",7]' or '{"org":"org1","id":7}'
  cdc-to-segment demo                         recorded events into a local Segment stand-in

INPUT is what \`kcat -C -J\` writes, also gzipped. Exit codes: 0 done, 1 the run failed, 2 configuration or arguments.
`;

const OPTIONS = {
  canary: { type: "boolean" },
  config: { type: "string" },
  connect: { type: "boolean" },
  "dead-letters": { type: "string" },
  "dry-run": { type: "boolean" },
  json: { type: "boolean" },
  key: { type: "string" },
  limit: { type: "string" },
  model: { type: "string" },
  outage: { type: "string" },
  outdated: { type: "boolean" },
  rebuild: { type: "boolean" },
  record: { type: "string" },
  "show-values": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type Option = Exclude<keyof typeof OPTIONS, "help">;
type Values = { readonly [name in Option]?: string | boolean };

/** What a command takes, and what it does with it. */
type Command = {
  readonly options: readonly Option[];
  readonly hasInput: boolean | "optional";
  readonly start: (config: string, input: string, values: Values) => Promise<void>;
};

const COMMANDS: { readonly [name: string]: Command | undefined } = {
  run: {
    options: ["config", "rebuild"],
    hasInput: false,
    start: (config, _input, { rebuild }) => run(config, rebuild === true),
  },
  replay: { options: ["config"], hasInput: true, start: (config, input) => replay(config, input) },
  preview: {
    options: ["config", "dead-letters"],
    hasInput: true,
    start: (config, input, values) =>
      preview(config, input, values["dead-letters"] as string | undefined),
  },
  record: {
    options: ["config", "limit"],
    hasInput: false,
    start: (config, _input, { limit }) => record(config, limitOf(limit as string | undefined)),
  },
  redrive: {
    options: ["config", "dry-run", "outdated"],
    hasInput: "optional",
    start: (config, input, values) =>
      redrive(config, {
        input,
        outdated: values.outdated === true,
        dryRun: values["dry-run"] === true,
      }),
  },
  check: {
    options: ["config", "connect", "canary", "outage", "show-values"],
    hasInput: false,
    start: (config, _input, values) => check(config, connectOf(values)),
  },
  explain: {
    options: ["config", "json", "key", "model", "record", "show-values"],
    hasInput: false,
    start: (config, _input, values) => explain(config, explainOf(values)),
  },
  demo: { options: [], hasInput: false, start: () => demo() },
};

async function main(): Promise<void> {
  const { values, positionals } = parse();
  const { help, ...given } = values;
  const [name, ...inputs] = positionals;
  if (help || name === undefined) {
    process.stderr.write(USAGE);
    if (help) return;
    throw new CdcError("ARGUMENTS", "which command? See above");
  }
  const command = COMMANDS[name];
  if (!command) throw wrong(`there is no command "${name}"`);
  const foreign = Object.keys(given).find((option) => !command.options.includes(option as Option));
  if (foreign !== undefined) throw wrong(`${name} takes no --${foreign}`);
  if (command.options.includes("config") && given.config === undefined)
    throw wrong(`${name} needs --config FILE`);
  const [input = "", ...more] = inputs;
  if (command.hasInput === true && input === "")
    throw wrong(`${name} needs an INPUT: a recorded file, or - for standard input`);
  const extra = command.hasInput ? more : inputs;
  if (extra.length > 0) throw wrong(`${name} does not take ${extra.join(" ")}`);
  limitHeapGrowth();
  await command.start(given.config ?? "", input, given);
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw wrong(messageOf(error));
  }
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw wrong(`--limit is "${text}"; write a number of records`);
}

function explainOf({ model, key, record, json, ...values }: Values): ExplainOptions {
  if (model === undefined) throw wrong("explain needs --model NAME");
  if (key === undefined && record === undefined)
    throw wrong("explain needs --key JSON, or --record FILE with a record of the row");
  return {
    model: String(model),
    key: key === undefined ? null : String(key),
    record: record === undefined ? null : String(record),
    json: json === true,
    showValues: values["show-values"] === true,
  };
}

/** Longer than a holiday weekend. */
const OUTAGE = "7d";

function connectOf(values: Values): ConnectOptions | null {
  const { connect, outage } = values;
  if (connect !== true) {
    const only = (["canary", "outage", "show-values"] as const).find((name) => name in values);
    if (only !== undefined) throw wrong(`--${only} goes with --connect`);
    return null;
  }
  const longest = duration.safeParse(outage ?? OUTAGE);
  if (!longest.success)
    throw wrong(`--outage is "${outage}"; write a number and a unit, such as 3d`);
  return {
    outage_ms: longest.data,
    canary: values.canary === true,
    showValues: values["show-values"] === true,
  };
}

function wrong(text: string): CdcError {
  return new CdcError("ARGUMENTS", `${text}; see cdc-to-segment --help`);
}

/** A fault of the program alone has its stack; what the system refuses says by itself what it was. */
function lastWords(error: unknown): string {
  const { code, message, stack, syscall } = error as NodeJS.ErrnoException;
  const isKnown = error instanceof CdcError || syscall !== undefined;
  return isKnown ? `${code}: ${message}` : (stack ?? message);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${lastWords(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
// A broker that is away keeps kafkajs' timers for some 20 s; everything that matters is done. Data on its way to a slow
// reader of stdout is not cut off: `preview` and `record` have waited for it.
process.exit();
