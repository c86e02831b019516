/** One thing that is wrong, and where: the path from the top of the file, and what to write instead. */
export type Problem = { readonly path: readonly PropertyKey[]; readonly text: string };
