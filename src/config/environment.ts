import { type Document, type Node, type Scalar, visit } from "yaml";
import { pathOf } from "./document-problems.ts";
import type { Problem } from "./problem.ts";

const VARIABLE = /\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export type Expanded = {
  /** One for every variable that is not set and has no default. */
  readonly problems: readonly Problem[];
  /** The texts that have such a variable. */
  readonly unset: ReadonlySet<Node>;
  /** The values of the variables: they may be secrets. */
  readonly values: ReadonlySet<string>;
};

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every text of the document, after YAML has been read, so that no value
 * can change the structure. `$${` stands for `${` itself.
 */
export function expandEnvironment(document: Document, environment: NodeJS.ProcessEnv): Expanded {
  const problems: Problem[] = [];
  const unset = new Set<Node>();
  const values = new Set<string>();
  visit(document, {
    Scalar(key, node, parents) {
      if (key === "key" || typeof node.value !== "string") return;
      const scalar = node as Scalar<string>;
      scalar.value = scalar.value.replace(
        VARIABLE,
        (found, escaped, name: string, fallback?: string) => {
          if (escaped) return found.slice(1);
          const value = environment[name];
          if (value !== undefined && value !== "") {
            values.add(value);
            return value;
          }
          if (fallback !== undefined) return fallback;
          unset.add(scalar);
          problems.push({
            path: pathOf(parents),
            offset: scalar.range?.[0] ?? 0,
            text: `the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
          });
          return "";
        },
      );
    },
  });
  return { problems, unset, values };
}
