import {
  type Document,
  isPair,
  isScalar,
  type LineCounter,
  type Node,
  type Pair,
  Scalar,
  visit,
} from "yaml";
import type { Problem } from "./problem.ts";

/** Mistakes of a YAML document that no declaration of settings knows about. */

/**
 * Aliases without an anchor, and aliases within their own anchor. Each is replaced by an empty value, so that the rest of
 * the document can be read.
 */
export function replaceBrokenAliases(document: Document): {
  readonly problems: readonly Problem[];
  readonly replaced: readonly Node[];
} {
  const problems: Problem[] = [];
  const replaced: Node[] = [];
  visit(document, {
    Alias(_, alias, parents) {
      const anchored = alias.resolve(document);
      if (anchored !== undefined && !parents.some((parent) => parent === anchored)) return;
      const text =
        anchored === undefined
          ? "no anchor before this alias has its name; write the value"
          : "this alias refers to a list or map that contains it; write the value";
      problems.push({ path: pathOf(parents), offset: alias.range?.[0] ?? 0, text });
      const empty = new Scalar(null);
      replaced.push(empty);
      return empty;
    },
  });
  return { problems, replaced };
}

/** The names above a node. */
export function pathOf(parents: readonly unknown[]): string[] {
  return parents.flatMap((parent) =>
    isPair(parent) && isScalar(parent.key) ? [String(parent.key.value)] : [],
  );
}

/** JavaScript objects lose this name: a setting below it would be ignored. */
export function reservedNames(document: Document): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "__proto__")
        problems.push({
          path: ["__proto__"],
          offset: key.range?.[0] ?? 0,
          text: "this name cannot be used; write another one",
        });
    },
  });
  return problems;
}

/** Names that a map has more than once: YAML keeps the last value, which is rarely the one that was meant. */
export function duplicateNames(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_, map, parents) {
      const path = pathOf(parents);
      const first = new Map<string, number>();
      for (const { key } of map.items as Pair[]) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const offset = key.range?.[0] ?? 0;
        const earlier = first.get(name);
        if (earlier === undefined) first.set(name, offset);
        else {
          const text = `is already set in line ${lines.linePos(earlier).line}; remove one of them`;
          problems.push({ path: [...path, name], offset, text });
        }
      }
    },
  });
  return problems;
}
