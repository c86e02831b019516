import { type ASTNode, Environment, EvaluationError } from "@marcbachmann/cel-js";
import { CdcError, messageOf } from "../lib/errors.ts";
import { column, Real, type Row, type Value } from "./row.ts";

/**
 * A compiled CEL expression over `row`. Integer columns are ints, decimals and floats are doubles. A known column that
 * the row lacks is null; an unknown column makes the expression fail.
 */
export type Expression = {
  readonly text: string;
  /** The columns that it reads; `"*"` if it uses the row as a whole. */
  readonly columns: readonly string[] | "*";
  /** @throws an error of CEL if the expression fails on this row */
  evaluate(row: Row, known: ReadonlySet<string>): unknown;
};

const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable(
  "row",
  "map<string, dyn>",
);

/**
 * Compiles an expression and checks its known types.
 * @throws CdcError CONFIGURATION with the text of CEL's error
 */
export function compileExpression(text: string, result?: "bool"): Expression {
  try {
    const run = environment.parse(text);
    const checked = run.check();
    if (!checked.valid) throw checked.error;
    if (result && checked.type !== result && checked.type !== "dyn") {
      throw new Error(`its type is ${checked.type} and must be ${result}`);
    }
    const columns = columnsOf(run.ast);
    return {
      text,
      columns,
      evaluate: (row, known) => run({ row: celRow(row, columns, known) }),
    };
  } catch (error) {
    const reason = messageOf(error).split("\n")[0];
    throw new CdcError("CONFIGURATION", `the CEL expression \`${text}\` is wrong: ${reason}`);
  }
}

/** The kind of a failure, by CEL's code. CEL's text may quote values of the row. */
export function failureKind(error: unknown): string {
  const failure = "the expression fails";
  return error instanceof EvaluationError ? `${failure}: ${error.code}` : failure;
}

/** A CEL result as a column value. @throws if it has none (NaN, an infinity, a type) */
export function celResult(result: unknown): Value {
  switch (typeof result) {
    case "bigint":
      return Number.isSafeInteger(Number(result)) ? Number(result) : result;
    case "number":
      if (!Number.isFinite(result)) throw new Error(`the result ${result} is not a number`);
      return result;
    case "string":
    case "boolean":
      return result;
  }
  if (result === null) return null;
  if (result instanceof Date) return result.toISOString();
  if (result instanceof Uint8Array) return Buffer.from(result).toString("base64");
  if (Array.isArray(result)) return result.map(celResult);
  if (result instanceof Map) return objectOf(result.entries());
  if (typeof result === "object" && Object.getPrototypeOf(result) === Object.prototype) {
    return objectOf(Object.entries(result));
  }
  if (typeof result === "object" && "value" in result && typeof result.value === "bigint") {
    return celResult(result.value); // uint
  }
  throw new Error(`the result ${String(result)} has no JSON form; convert it with string()`);
}

function objectOf(entries: Iterable<[unknown, unknown]>): Value {
  return Object.fromEntries(
    Array.from(entries, ([name, value]) => [String(name), celResult(value)]),
  );
}

/** Converts only the columns that the expression reads, because BigInts are slow. */
function celRow(row: Row, columns: readonly string[] | "*", known: ReadonlySet<string>) {
  const names = columns === "*" ? new Set([...Object.keys(row), ...known]) : columns;
  const result: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    const value = column(row, name);
    if (value !== undefined) result[name] = celValue(value);
    else if (known.has(name)) result[name] = null;
  }
  return new Map(Object.entries(result));
}

function celValue(value: Value): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Real) return value.number;
  if (Array.isArray(value)) return value.map(celValue);
  return new Map(Object.entries(value).map(([name, item]) => [name, celValue(item)]));
}

/** Every `row.name` and `row["name"]` in the expression; `"*"` if `row` is used in any other way. */
function columnsOf(ast: ASTNode): readonly string[] | "*" {
  const names = new Set<string>();
  let whole = false;
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
    } else if (isNode(node)) {
      const name = accessed(node);
      if (name !== null) names.add(name);
      else if (node.op === "id" && node.args === "row") whole = true;
      else visit(node.args);
    }
  };
  visit(ast);
  return whole ? "*" : [...names];
}

function accessed(node: ASTNode): string | null {
  if (node.op !== "." && node.op !== "[]" && node.op !== ".?" && node.op !== "[?]") return null;
  const [target, name] = node.args;
  if (target.op !== "id" || target.args !== "row") return null;
  if (typeof name === "string") return name;
  return name.op === "value" && typeof name.args === "string" ? name.args : null;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
