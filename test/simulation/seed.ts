import type { Outcome } from "./outcome.ts";
import { RandomSource } from "./random-source.ts";
import { disturbed, scenarioOf, undisturbed } from "./run.ts";

/** Differences between the run without faults and the run with faults. None if all guarantees hold. */
export async function differencesOf(
  seed: number,
  trace: string[] | null = null,
): Promise<string[]> {
  const { random } = Math;
  const unhandled: string[] = [];
  const onRejection = (error: unknown) => unhandled.push(`unhandled rejection: ${String(error)}`);
  // It would end a real process.
  process.on("unhandledRejection", onRejection);
  try {
    // The sources use random numbers only for the back-off; those come from the seed too.
    const backOff = new RandomSource(seed, "back-off");
    Math.random = () => backOff.fraction();
    const scenario = scenarioOf(seed);
    const [expected, actual] = [await undisturbed(scenario), await disturbed(scenario, trace)];
    return [...unhandled, ...compare(expected, actual)];
  } finally {
    process.off("unhandledRejection", onRejection);
    Math.random = random;
  }
}

function compare(expected: Outcome, actual: Outcome): string[] {
  return [
    ...expected.problems.map((problem) => `undisturbed: ${problem}`),
    ...actual.problems,
    ...(["messages", "order", "deadLetters", "state"] as const).flatMap((what) =>
      differences(what, expected[what], actual[what]),
    ),
  ];
}

function differences(
  what: Exclude<keyof Outcome, "problems">,
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...expected.keys(), ...actual.keys()])].flatMap((name) => {
    const [wanted, found] = [expected.get(name) ?? "nothing", actual.get(name) ?? "nothing"];
    return wanted === found ? [] : [`${what}, ${name}: expected ${wanted}, found ${found}`];
  });
}
