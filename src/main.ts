#!/usr/bin/env node
import { runCommandLine } from "./cli/command-line.ts";
import { exitCodeOf } from "./cli/process.ts";
import { CdcError } from "./lib/errors.ts";

/** Only an error of the program itself has a stack; an error of the system explains itself. */
function errorText(error: unknown): string {
  const { code, message, stack, syscall } = error as NodeJS.ErrnoException;
  const isKnown = error instanceof CdcError || syscall !== undefined;
  return isKnown ? `${code}: ${message}` : (stack ?? message);
}

try {
  await runCommandLine(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
// After a lost broker, kafkajs' timers keep the process alive for about 20 s; nothing needs them. stdout is complete:
// `preview` and `record` wait for a slow reader.
process.exit();
