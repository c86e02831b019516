/** The settings of a connector, and whether a row is read by the snapshot or streamed. */
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

/** A value that Debezium replaces by another one, such as a number that overflows. */
export const LOST = "lost";

/**
 * A value that Debezium changes: `sql` is the SQL of the value that arrives, `null` if the column does not arrive, and
 * `LOST` if no row retains its value.
 */
export type Exception = {
  readonly when: (situation: Situation) => boolean;
  readonly sql: string | null | typeof LOST;
  readonly why: string;
};

/** A type that the model's `columns` must declare, because the record's schema does not contain it. */
export type Declaration = {
  readonly when: (mode: Mode) => boolean;
  readonly type: string;
  readonly why: string;
};

export const DECLARED_DECIMAL: Declaration = {
  when: ({ decimal }) => decimal === "string",
  type: "decimal",
  why: "decimal.handling.mode string writes text, and the schema has no other type",
};

/** One column: a type, values to write, and the SQL of the values that Segment must receive. */
export type Case = {
  readonly column: string;
  readonly type: string;
  /** SQL literals, one per row. Every column is NULL in the last row. */
  readonly values: readonly string[];
  /** The sent value, as SQL that is converted to JSON; default: the column unchanged. */
  readonly sql?: string;
  readonly declared?: Declaration;
  /** The first that matches applies. */
  readonly except?: readonly Exception[];
};

export function exceptionOf({ except }: Case, situation: Situation): Exception | undefined {
  return except?.find(({ when }) => when(situation));
}

/** The SQL of the expected value: `null` if there is none, `LOST` for any value other than the database's. */
export function expectation(one: Case, situation: Situation): Exception["sql"] {
  const exception = exceptionOf(one, situation);
  return exception ? exception.sql : databaseValue(one);
}

export function databaseValue({ sql, column }: Case): string {
  return sql ?? column;
}
