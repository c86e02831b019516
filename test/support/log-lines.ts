import type { Logger } from "../../src/lib/logger.ts";

export type LogLine = {
  readonly level: keyof Logger;
  readonly fields: { readonly [name: string]: unknown };
  readonly text: string;
};

/** A log that keeps its lines. */
export class LogLines implements Logger {
  readonly lines: LogLine[] = [];

  debug(fields: object, text: string): void {
    this.lines.push({ level: "debug", fields: { ...fields }, text });
  }

  info(fields: object, text: string): void {
    this.lines.push({ level: "info", fields: { ...fields }, text });
  }

  warn(fields: object, text: string): void {
    this.lines.push({ level: "warn", fields: { ...fields }, text });
  }

  error(fields: object, text: string): void {
    this.lines.push({ level: "error", fields: { ...fields }, text });
  }

  /** Those that say this. */
  with(text: RegExp): readonly LogLine[] {
    return this.lines.filter((line) => text.test(line.text));
  }

  /** All of it above `debug`, as one text. */
  get text(): string {
    return JSON.stringify(this.lines.filter(({ level }) => level !== "debug"));
  }
}
