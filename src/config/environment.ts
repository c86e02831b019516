import { type Document, isScalar, type Scalar, visit } from "yaml";
import type { Problem } from "./issue.ts";

const VARIABLE = /\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every text of the document, after YAML has been read, so that no value
 * can change the structure. `$${` stands for `${` itself.
 * @returns a problem for every variable that is not set and has no default, and the values taken: they may be secrets
 */
export function expandEnvironment(
  document: Document,
  environment: NodeJS.ProcessEnv,
): { readonly problems: readonly Problem[]; readonly taken: ReadonlySet<string> } {
  const problems: Problem[] = [];
  const taken = new Set<string>();
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
            taken.add(value);
            return value;
          }
          if (fallback !== undefined) return fallback;
          const path = parents.flatMap((parent) =>
            "key" in parent && isScalar(parent.key) ? [String(parent.key.value)] : [],
          );
          problems.push({
            path,
            text: `the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
          });
          return "";
        },
      );
    },
  });
  return { problems, taken };
}
