/** A result of a check: `ok` and `note` need no action, a `warning` a decision, an `error` a change before the start. */
export type Finding = {
  readonly level: "ok" | "note" | "warning" | "error";
  /** The subject: `topic app.public.users`, `sync profile`. */
  readonly about: string;
  /** What was found, and what to do. */
  readonly text: string;
};

export const ok = (about: string, text: string): Finding => ({ level: "ok", about, text });

export const note = (about: string, text: string): Finding => ({ level: "note", about, text });

export const warning = (about: string, text: string): Finding => ({
  level: "warning",
  about,
  text,
});

export const problem = (about: string, text: string): Finding => ({
  level: "error",
  about,
  text,
});

/** One line for each finding, and the number of errors and warnings. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.map(({ level, about, text }) => `${level.padEnd(7)}  ${about}: ${text}\n`);
  const count = (level: Finding["level"]) =>
    findings.filter((finding) => finding.level === level).length;
  return `${lines.join("")}${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}\n`;
}

/** `1 error`, `2 errors` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
