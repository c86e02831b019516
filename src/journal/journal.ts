/** The port for an append-only log, for example the dead letter topic or file. */
export interface Journal {
  /** Appends all entries in order; resolves when they are durable. After a rejection it may be called again. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

export type JournalEntry = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: { readonly [name: string]: string | Buffer };
};
