import { UNITS } from "../../config/setting-kinds.ts";

/** `7d`, `36h`, `1500ms`: in the largest unit that is whole, as settings write it. */
export function durationText(ms: number): string {
  const units = Object.entries(UNITS).toReversed();
  const [unit, size] = units.find(([, each]) => ms > 0 && ms % each === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
