import { readFileSync } from "node:fs";
import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { CdcError, messageOf } from "../lib/errors.ts";
import { maskOf } from "../lib/mask-secrets.ts";
import { expandEnvironment } from "./environment.ts";
import type { Problem } from "./issue.ts";
import { explain } from "./issue.ts";
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
  // Both would print what stands in the file: the lines around an error, and keys that are no text.
  const noopLogger = { prettyErrors: false, logLevel: "error" } as const;
  const document = parseDocument(text, { lineCounter: lines, ...noopLogger });
  const syntax = document.errors[0];
  if (syntax) {
    const line = lines.linePos(syntax.pos[0]).line;
    throw new CdcError("CONFIGURATION", `${file}:${line}: not YAML: ${unquoted(syntax.message)}`);
  }

  const expanded = expandEnvironment(document, environment);
  const mask = maskOf(expanded.taken);
  const problems: Problem[] = [...expanded.problems, ...reservedNames(document)];
  const value = plain(document, file);
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success && problems.length === 0) problems.push(...checkReferences(parsed.data));
  if (!parsed.success)
    problems.push(
      ...parsed.error.issues
        .filter((issue) => !expanded.problems.some(({ path }) => comesOf(path, issue)))
        .flatMap((issue) => explain(issue, value, mask)),
    );
  if (parsed.success && problems.length === 0) return parsed.data;

  const report = problems.map(
    ({ path, text }) =>
      `${file}:${lineOf(document, lines, path)}: ${shownPath(path) || "(top)"}: ${text}`,
  );
  throw new CdcError("CONFIGURATION", mask(report.join("\n")));
}

/**
 * Whether the issue is with the text in which a variable that is not set left nothing, or with what that text is a part
 * of, where several forms would do and none fits. Paths of variables name no places in lists.
 */
function comesOf(
  unset: readonly PropertyKey[],
  { code, path }: { readonly code?: string; readonly path: readonly PropertyKey[] },
): boolean {
  const names = path.filter((part) => typeof part !== "number");
  const isAbove = names.every((name, i) => name === unset[i]);
  return isAbove && (names.length === unset.length || code === "invalid_union");
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
    throw new CdcError(
      "CONFIGURATION",
      `${file}: not YAML that can be read: ${unquoted(messageOf(error))}`,
    );
  }
}

/** What yaml says, without the part of the file that it quotes: a password may begin with `*`, `!` or `|`. */
function unquoted(message: string): string {
  return message.replace(/(?<=[\w)]): .*|(?<=(?:sequence|directive|version) ).*/s, "");
}

/** `writeKey:abc` without a space is one name to YAML: what cannot be a setting's name is not shown beside secrets. */
function shownPath(path: readonly PropertyKey[]): string {
  const besideSecrets = path[0] === "segment" || path[0] === "kafka";
  return path
    .map((part, i) => ((i > 0 && !besideSecrets) || NAME.test(String(part)) ? part : "(hidden)"))
    .map(String)
    .join(".");
}

/** Settings, and places in lists. */
const NAME = /^([A-Za-z_]{1,24}|\d{1,4})$/;

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
