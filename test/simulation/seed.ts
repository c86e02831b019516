import { Dice } from "./dice.ts";
import type { Outcome } from "./outcome.ts";
import { disturbed, scenarioOf, undisturbed } from "./run.ts";

/** What is different where nothing may be; nothing where the seed keeps every promise. */
export async function differencesOf(
  seed: number,
  trace: string[] | null = null,
): Promise<string[]> {
  const { random } = Math;
  const unheard: string[] = [];
  const hear = (error: unknown) => unheard.push(`nobody heard of ${String(error)}`);
  // In a process of its own it would be the end.
  process.on("unhandledRejection", hear);
  try {
    // The only chance in the sources is that of a back-off: it comes from the seed too.
    const backOff = new Dice(seed, "back-off");
    Math.random = () => backOff.part();
    const scenario = scenarioOf(seed);
    const [expected, actual] = [await undisturbed(scenario), await disturbed(scenario, trace)];
    return [...unheard, ...compare(expected, actual)];
  } finally {
    process.off("unhandledRejection", hear);
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
