import { differencesOf } from "./seed.ts";

/** Runs the seeds from `first` on. @returns a report of each failed seed */
export async function runSeeds(first: number, count: number): Promise<string[]> {
  const failed: string[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const differences = await differencesOf(seed);
    if (differences.length > 0) failed.push(await reportOf(seed));
  }
  return failed;
}

/** Runs a seed once more and reports its trace and its differences. */
export async function reportOf(seed: number): Promise<string> {
  const trace: string[] = [];
  const differences = await differencesOf(seed, trace);
  return [
    `seed ${seed}: ${differences.length} differences from the undisturbed run`,
    ...trace,
    ...differences.map((text) => `  * ${text}`),
    `repeat with: SIMULATION_SEED=${seed} npx node test/run.ts test/simulation/seeds.test.ts`,
  ].join("\n");
}
