import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differencesOf } from "./seed.ts";
import { reportOf, runSeeds } from "./seeds.ts";

/** `SIMULATION_SEED=7` runs one, and `SIMULATION_SEEDS=1-10000` many. */
const { SIMULATION_SEED, SIMULATION_SEEDS = "1-600" } = process.env;
const [first = 1, last = first] = (SIMULATION_SEED ?? SIMULATION_SEEDS).split("-").map(Number);

const s = suite("simulation: guarantees hold under crashes, rebalances and faults");

s(`should have the result of a run without faults: seeds ${first} to ${last}`, async () => {
  const failed = await runSeeds(first, last - first + 1);
  assert.is(failed.length, 0, failed.slice(0, 3).join("\n\n"));
});

s("should repeat exactly for the same seed", async () => {
  for (let seed = first; seed < first + 5; seed += 1) {
    const traces: string[][] = [[], []];
    for (const trace of traces) await differencesOf(seed, trace);
    assert.equal(traces[1], traces[0]);
  }
  if (SIMULATION_SEED !== undefined) console.log(await reportOf(first));
});

s.run();
