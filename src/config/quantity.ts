import { UNITS } from "../lib/duration.ts";

/** Units of a quantity, the smallest first, each as a multiple of the smallest. */
export type Units = { readonly [unit: string]: number };

export const DURATION_UNITS: Units = UNITS;

export const SIZE_UNITS: Units = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  TB: 1_000_000_000_000,
};

/** `7d`, `1500ms`, `96MB`: one number and one unit, the only form that settings accept; the largest unit that is exact. */
export function quantityText(amount: number, units: Units): string {
  const [smallest] = Object.entries(units);
  const exact = Object.entries(units)
    .toReversed()
    .find(([, each]) => amount !== 0 && amount % each === 0);
  const [unit, each] = exact ?? smallest ?? ["", 1];
  return `${amount / each}${unit}`;
}
