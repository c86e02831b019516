import type { Tables } from "./recorded-tables.ts";
import type { Kind } from "./truth.ts";

/** A recorded run, and what of it Kafka cannot tell. */
export type Case = {
  readonly name: string;
  readonly prefix: string;
  /** Key columns of each table; a table that is not named has no key. */
  readonly keys: { readonly [table: string]: readonly string[] };
  readonly tables: Tables;
  /** Records without schemas: their types have to be declared. */
  readonly schemaless: boolean;
  readonly records?: string;
  /** The fixture whose log of the database it shares; default: its own. */
  readonly truth?: string;
  /** Settings beside models and syncs. */
  readonly settings?: object;
  /** Settings of every model beside its topic. */
  readonly model?: { readonly keyChange?: "changed"; readonly reconcile?: boolean };
  /** Names of columns as the records have them. */
  readonly columnName?: (column: string) => string;
  /** Tables left out, and why. */
  readonly onOmitted?: { readonly [table: string]: string };
  /** What Kafka cannot tell, per row: the kinds to expect instead, and why. */
  readonly invisible?: {
    readonly [row: string]: { readonly kinds: readonly Kind[]; readonly why: string };
  };
  /** Values that Kafka does not tell, as `table column` or `table key column`, and why. */
  readonly otherValues?: { readonly [column: string]: string };
};
