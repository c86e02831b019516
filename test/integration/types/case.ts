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

/** What Debezium itself changes: the value that is left, by SQL; `null` where the column does not arrive. */
export type Exception = {
  readonly when: (at: Situation) => boolean;
  readonly sql: string | null;
  readonly why: string;
};

/** One column: a type, values to write, and what the database says that Segment has to receive. */
export type Case = {
  readonly column: string;
  readonly type: string;
  /** SQL literals, a row each. Every column is NULL in the last row of all. */
  readonly values: readonly string[];
  /** The value in DESIGN's "Values in Segment", as SQL that becomes JSON; default: the column as it is. */
  readonly sql?: string;
  /** The first that holds counts. */
  readonly except?: readonly Exception[];
};

export function truthFor(one: Case, at: Situation): string | null {
  const exception = one.except?.find(({ when }) => when(at));
  return exception ? exception.sql : (one.sql ?? one.column);
}

/** The database's JSON, its numbers as Segment has to receive them. */
export function parseTruth(text: string): { readonly [name: string]: unknown } {
  return JSON.parse(text, ((_name: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? numberOrText(source) : value) as never);
}

/** A number where the double's shortest text is the same decimal again, else that decimal as text. */
function numberOrText(text: string): number | string {
  const [exact, double] = [plain(text), plain(String(Number(text)))];
  return exact === double ? Number(exact) : exact;
}

/** Without an exponent and without zeros that say nothing. */
function plain(text: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = "0".repeat(400) + whole + fraction + "0".repeat(400);
  const point = 400 + whole.length + Number(exponent);
  const left = digits.slice(0, point).replace(/^0+(?=\d)/, "");
  const right = digits.slice(point).replace(/0+$/, "");
  const magnitude = right === "" ? left : `${left}.${right}`;
  return magnitude === "0" ? "0" : `${sign}${magnitude}`;
}
