import type { Kind } from "./expected-data.ts";
import type { Tables } from "./recorded-tables.ts";

/** A recorded run, and the changes that Kafka does not contain. */
export type Case = {
  readonly name: string;
  readonly prefix: string;
  /** Key columns of each table; a table that is not listed has no key. */
  readonly keys: { readonly [table: string]: readonly string[] };
  readonly tables: Tables;
  /** Records without schemas, whose column types must be declared. */
  readonly schemaless: boolean;
  readonly records?: string;
  /** The fixture with the expected data; default: its own. */
  readonly expectedData?: string;
  /** Settings beside models and syncs. */
  readonly settings?: object;
  /** Settings of every model beside its topic. */
  readonly model?: { readonly keyChange?: "changed"; readonly reconcile?: boolean };
  /** The name of a column in the records. */
  readonly columnName?: (column: string) => string;
  /** Omitted tables, with the reason. */
  readonly omitted?: { readonly [table: string]: string };
  /** Rows with changes that Kafka does not contain: the expected kinds, and the reason. */
  readonly invisible?: {
    readonly [row: string]: { readonly kinds: readonly Kind[]; readonly why: string };
  };
  /** Values that Kafka does not contain, as `table column` or `table key column`, and the reason. */
  readonly otherValues?: { readonly [column: string]: string };
};
