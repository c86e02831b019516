import fc from "fast-check";

/**
 * How many times as many runs as usual: `FUZZ=50` for a long one. `SEED` repeats a run that failed; fast-check names
 * the seed, and the smallest input it found.
 */
export const MORE = Number(process.env.FUZZ ?? 1);

export async function holds<Of extends [unknown, ...unknown[]]>(
  runs: number,
  property: fc.IAsyncProperty<Of> | fc.IProperty<Of>,
): Promise<void> {
  const seed = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
  const repeat = seed === undefined ? {} : { seed };
  await fc.assert(property, { numRuns: runs * MORE, includeErrorInReport: true, ...repeat });
}
