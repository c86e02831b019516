/** What a connector was told, and whether a row came with its snapshot or as a change. */
export type Situation = {
  readonly time: string;
  readonly decimal: "precise" | "string" | "double";
  readonly binary: "bytes" | "base64" | "base64-url-safe" | "hex";
  readonly interval?: "numeric" | "string";
  readonly hstore?: "json" | "map";
  readonly unsigned?: "long" | "precise";
  readonly streamed: boolean;
};

export type Mode = Omit<Situation, "streamed">;

/** Stands for a value that Debezium has made another one of, such as a number that overflowed. */
export const LOST = "lost";

/**
 * What Debezium itself changes: the value that is left, by SQL; `null` where the column does not arrive, and `LOST`
 * where no row that has a value keeps it.
 */
export type Exception = {
  readonly when: (at: Situation) => boolean;
  readonly sql: string | null | typeof LOST;
  readonly why: string;
};

/** A type that the model's `columns` have to name, because the record's schema does not tell. */
export type Declaration = {
  readonly when: (mode: Mode) => boolean;
  readonly type: string;
  readonly why: string;
};

export const DECLARED_DECIMAL: Declaration = {
  when: ({ decimal }) => decimal === "string",
  type: "decimal",
  why: "decimal.handling.mode string writes text, and the schema says no more than that",
};

/** One column: a type, values to write, and what the database says that Segment has to receive. */
export type Case = {
  readonly column: string;
  readonly type: string;
  /** SQL literals, a row each. Every column is NULL in the last row of all. */
  readonly values: readonly string[];
  /** The value in DESIGN's "Values in Segment", as SQL that becomes JSON; default: the column as it is. */
  readonly sql?: string;
  readonly declared?: Declaration;
  /** The first that holds counts. */
  readonly except?: readonly Exception[];
};

export function exceptionOf({ except }: Case, at: Situation): Exception | undefined {
  return except?.find(({ when }) => when(at));
}

/** The SQL for the value to expect: `null` where there is none, `LOST` where only another one than the database's. */
export function expectation(one: Case, at: Situation): Exception["sql"] {
  const exception = exceptionOf(one, at);
  return exception ? exception.sql : databaseValue(one);
}

export function databaseValue({ sql, column }: Case): string {
  return sql ?? column;
}
