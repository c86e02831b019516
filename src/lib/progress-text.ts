import { durationText } from "./duration.ts";

/** The progress of a long operation. */
export type Step = {
  /** In any unit (bytes of a file, offsets); `total` is `null` if it is unknown. */
  readonly done: number;
  readonly total: number | null;
  /** Named counts; the rate is that of the first. */
  readonly counts: { readonly [name: string]: number };
};

/** The rate of the first count, and the remaining time; `null` if it is unknown. */
export type Pace = { readonly perSecond: number; readonly left_s: number | null };

const BAR_WIDTH = 24;

/** The pace between two steps that are `ms` apart. */
export function paceOf(from: Step, to: Step, ms: number): Pace {
  const count = ({ counts }: Step) => Object.values(counts)[0] ?? 0;
  const perSecond = ms > 0 ? Math.round(((count(to) - count(from)) / ms) * 1_000) : 0;
  const moved = to.done - from.done;
  const isKnown = to.total !== null && moved > 0;
  const left = isKnown ? Math.max((to.total ?? 0) - to.done, 0) : 0;
  return { perSecond, left_s: isKnown ? Math.ceil((left * ms) / moved / 1_000) : null };
}

/** `██████░░░░ 60 %  1,200 lines, 300 a second, 40 delivered  4s left` */
export function stepText({ done, total, counts }: Step, { perSecond, left_s }: Pace): string {
  const [first, ...others] = Object.entries(counts).map(
    ([name, count]) => `${count.toLocaleString("en")} ${name}`,
  );
  const counted = [first, `${perSecond.toLocaleString("en")} a second`, ...others].join(", ");
  const bar = total ? `${barText(done / total)}  ` : "";
  const left = left_s === null ? "" : `  ${durationText(left_s * 1_000)} left`;
  return `${bar}${counted}${left}`;
}

/** `██████░░░░ 60 %` */
export function barText(part: number): string {
  const whole = Math.min(Math.max(part, 0), 1);
  const filled = Math.floor(whole * BAR_WIDTH);
  return `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${Math.floor(whole * 100)} %`;
}
