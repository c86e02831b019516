import { pino } from "pino";
import pinoPretty from "pino-pretty";

/** The port for log lines: constant text, with the data in fields. Texts never have the details of an error. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export const noopLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Logs to stderr, pretty or as JSON: stdout is for data. */
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
