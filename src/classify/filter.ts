import { compileExpression, failureKind } from "../data/expression.ts";
import type { Row } from "../data/row.ts";
import { CdcError, messageOf } from "../lib/errors.ts";

/** Which rows a model includes. */
export type Filter = {
  readonly columns: readonly string[] | "*";
  /** @throws CdcError FILTER_FAILED */
  readonly matches: (row: Row, absent: ReadonlySet<string>) => boolean;
};

const EVERY_ROW: Filter = { columns: [], matches: () => true };

/**
 * @param declared columns whose types the model declares: null if the row lacks them
 * @throws CdcError CONFIGURATION if the expression does not compile
 */
export function filterOf(
  model: string,
  where: string | undefined,
  declared: ReadonlySet<string>,
): Filter {
  if (where === undefined) return EVERY_ROW;
  const expression = compileExpression(where, "bool");
  const failed = (row: Row, reason: string, details: string, cause?: unknown) =>
    new CdcError(
      "FILTER_FAILED",
      `model "${model}", \`where\`: ${reason}; the row has ${Object.keys(row).join(", ")}. Guard a column that may be missing with has(row.x)`,
      { details, cause },
    );
  return {
    columns: expression.columns,
    matches: (row, absent) => {
      let result: unknown;
      try {
        result = expression.evaluate(row, absent.size === 0 ? declared : declared.union(absent));
      } catch (error) {
        throw failed(row, failureKind(error), messageOf(error).split("\n")[0] ?? "", error);
      }
      if (typeof result !== "boolean")
        throw failed(row, "the result is not a boolean", String(result));
      return result;
    },
  };
}
