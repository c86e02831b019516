/** The port for an appended log: the dead letters' topic or file, later the changelog. */
export interface Journal {
  /** Appends all entries, in order; resolves only when they are durable. Rejects where that failed; it may then be called again. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

export type JournalEntry = {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: { readonly [name: string]: string | Buffer };
};
