import { pino } from "pino";
import pinoPretty from "pino-pretty";

/** The port for log lines: pino under `run`, nothing in tests. Fields first, the human text second. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export const noopLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Lines for people or for machines on stderr: stdout belongs to data. */
export function createLogger(level: string, format: "auto" | "json" | "pretty"): Logger {
  const pretty = format === "pretty" || (format === "auto" && process.stderr.isTTY);
  if (!pretty) return pino({ level, base: undefined }, pino.destination({ dest: 2, sync: true }));
  return pino(
    { level, base: undefined },
    pinoPretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY,
      translateTime: "HH:MM:ss",
    }),
  );
}
