/** One mistake in a file: where it is, and what was found and what to write. */
export type Problem = {
  /** From the top of the file. */
  readonly path: readonly PropertyKey[];
  readonly text: string;
  /** In the file; without it, the line of the path's deepest setting is shown. */
  readonly offset?: number;
};
