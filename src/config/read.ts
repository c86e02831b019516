import { readFileSync } from "node:fs";
import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { CdcError, messageOf } from "../errors.ts";
import { expandEnvironment } from "./environment.ts";
import { explain } from "./explain.ts";
import type { Problem } from "./problem.ts";
import { checkReferences } from "./references.ts";
import { type Settings, settingsSchema } from "./settings.ts";

/**
 * Reads, expands and validates a configuration file.
 * @throws CdcError CONFIGURATION with a line for every problem: `file:line: path: what was found, what to write`
 */
export function readSettings(file: string, environment: NodeJS.ProcessEnv = process.env): Settings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CdcError(
      "CONFIGURATION",
      `the configuration ${file} cannot be read: ${messageOf(error)}`,
    );
  }
  return parseSettings(text, file, environment);
}

export function parseSettings(
  text: string,
  file: string,
  environment: NodeJS.ProcessEnv,
): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) {
    const line = lines.linePos(syntax.pos[0]).line;
    throw new CdcError(
      "CONFIGURATION",
      `${file}:${line}: not YAML: ${syntax.message.split("\n")[0]}`,
    );
  }

  const expanded = expandEnvironment(document, environment);
  const problems: Problem[] = [...expanded.problems, ...reservedNames(document)];
  const value = plain(document, file);
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success && problems.length === 0) problems.push(...checkReferences(parsed.data));
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => explain(issue, value)));
  if (parsed.success && problems.length === 0) return parsed.data;

  const report = problems.map(
    ({ path, text }) =>
      `${file}:${lineOf(document, lines, path)}: ${path.join(".") || "(top)"}: ${text}`,
  );
  throw new CdcError("CONFIGURATION", hidden(report.join("\n"), expanded.taken));
}

/** JavaScript objects lose this name: what stands under it would vanish without a word. */
function reservedNames(document: Document): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "__proto__") {
        problems.push({ path: ["__proto__"], text: "is not a name that can be used" });
      }
    },
  });
  return problems;
}

/** @throws CdcError CONFIGURATION where an alias leads nowhere or too far */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new CdcError("CONFIGURATION", `${file}: not YAML that can be read: ${messageOf(error)}`);
  }
}

/** Shorter values would hide half of the message, and are no secrets. */
const SECRET_LENGTH = 4;

/** What came from the environment may be a secret, in whatever place it was put. */
function hidden(text: string, taken: ReadonlySet<string>): string {
  const secrets = [...taken].filter(({ length }) => length >= SECRET_LENGTH);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "(hidden)"), text);
}

/** The line of the deepest part of the path that the file has. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let offset = 0;
  visit(document, {
    Pair(_, pair, parents) {
      const names = parents.flatMap((parent) =>
        "key" in parent && isScalar(parent.key) ? [String(parent.key.value)] : [],
      );
      const own = isScalar(pair.key) ? [...names, String(pair.key.value)] : names;
      const matches = own.every((name, i) => name === String(path[i])) && own.length <= path.length;
      if (matches && isScalar(pair.key) && pair.key.range)
        offset = Math.max(offset, pair.key.range[0]);
    },
  });
  return lines.linePos(offset).line;
}
