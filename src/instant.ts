import { withoutEndingZeros } from "./row.ts";

/** Dates, times and instants in text, from the numbers that Debezium and Connect write. */

export type Unit = "s" | "ms" | "us" | "ns";

const PER_SECOND: Record<Unit, bigint> = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n };

/** JavaScript's last instant, ms. PostgreSQL's `infinity` lies beyond it. */
const LAST_MS = 8_640_000_000_000_000;

/** Whether it is a time that a record may tell: ms since 1970, within the calendar. */
export function isTime(at: unknown): at is number {
  return typeof at === "number" && at > 0 && at <= LAST_MS;
}

/**
 * PostgreSQL's date `infinity` as Debezium writes it, overflowed to a negative number of days: in the stream, and in a
 * snapshot, where the worker's time zone may make it a day more. No date of PostgreSQL's is as old.
 */
const INFINITE_DAYS: ReadonlySet<number> = new Set([-2_147_472_692, -622_191_234, -622_191_233]);

/** Days since 1970 → `YYYY-MM-DD`; beyond the calendar `infinity` or `-infinity`. */
export function dateText(days: number): string {
  const ms = days * 86_400_000;
  if (Math.abs(ms) > LAST_MS) {
    return days > 0 || INFINITE_DAYS.has(days) ? "infinity" : "-infinity";
  }
  const iso = new Date(ms).toISOString();
  return iso.slice(0, iso.indexOf("T"));
}

/** A count of units since 1970 → ISO-8601 UTC with as many digits as the value needs, at least three. */
export function instantText(count: number | bigint, unit: Unit): string {
  if (unit === "ms" && typeof count === "number" && Math.abs(count) <= LAST_MS) {
    return new Date(count).toISOString();
  }
  const perSecond = PER_SECOND[unit];
  const total = BigInt(count);
  let seconds = total / perSecond;
  let rest = total % perSecond;
  if (rest < 0n) {
    seconds -= 1n;
    rest += perSecond;
  }
  const ms = Number(seconds) * 1000;
  if (Math.abs(ms) > LAST_MS) return total > 0n ? "infinity" : "-infinity";
  const whole = new Date(ms).toISOString().slice(0, -5);
  return `${whole}.${fraction(rest, perSecond, 3)}Z`;
}

/** A count of units since midnight → `HH:MM:SS`, with a fraction where it has one. MySQL's TIME may be negative. */
export function timeText(count: number | bigint, unit: Unit): string {
  if (count < 0) return `-${timeText(-count, unit)}`;
  const perSecond = PER_SECOND[unit];
  const total = BigInt(count);
  const seconds = Number(total / perSecond);
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
  const rest = total % perSecond;
  return rest === 0n ? clock : `${clock}.${fraction(rest, perSecond, 0)}`;
}

function fraction(rest: bigint, perSecond: bigint, atLeast: number): string {
  const digits = rest.toString().padStart(perSecond.toString().length - 1, "0");
  return withoutEndingZeros(digits).padEnd(atLeast, "0");
}

const ISO =
  /^([+-]?\d{4,6}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d+))?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** ISO text in any zone, or with a space for the `T`, in the form of `instantText`; `null` where it is no instant. */
export function parseInstant(text: string): string | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, date = "", clock = "", digits = "", zone = "Z"] = match;
  const time = clock.length === 5 ? `${clock}:00` : clock;
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone;
  const ms = Date.parse(`${date}T${time}${offset}`);
  if (Number.isNaN(ms) || !isCalendarDate(date)) return null;
  // Debezium writes UTC: its text needs no calendar, which would cost as much as all the rest of the row.
  const whole = zone === "Z" ? `${date}T${time}` : new Date(ms).toISOString().slice(0, -5);
  return `${whole}.${withoutEndingZeros(digits).padEnd(3, "0")}Z`;
}

/** JavaScript takes 30 February for 2 March. */
export function isCalendarDate(date: string): boolean {
  if (date.slice(-2) <= "28") return true;
  const midnight = new Date(`${date}T00:00:00Z`);
  return (
    !Number.isNaN(midnight.getTime()) &&
    midnight.toISOString().split("T")[0]?.slice(-5) === date.slice(-5)
  );
}

/** The same; beyond the calendar `infinity` or `-infinity`, and what is no instant stays as it is. */
export function utcText(text: string): string {
  return parseInstant(text) ?? infinityText(text) ?? text;
}

/** JavaScript's last year. */
const LAST_YEAR = 275_760;

/**
 * PostgreSQL's infinities among the dates and instants that `isostring` writes out, such as `+294247-01-10T04:00:25.2Z`;
 * `null` for any other text. Debezium turns the sign of two dates: of `infinity` in the stream (`-5877611-06-21`), and
 * of `-infinity` in a snapshot (`+292269055-12-02`).
 */
export function infinityText(text: string): "infinity" | "-infinity" | null {
  const [, sign, year] = /^([+-])(\d{6,})-\d{2}-\d{2}/.exec(text) ?? [];
  if (Number(year ?? 0) <= LAST_YEAR) return null;
  const turned = text.startsWith("-5877611-06-21") || year === "292269055";
  return (sign === "+") !== turned ? "infinity" : "-infinity";
}

/** The unit that a bare number since 1970 is in, by its magnitude; days below a million. */
export function unitByMagnitude(count: number | bigint): Unit | "days" {
  const size = Math.abs(Number(count));
  if (size < 1e6) return "days";
  if (size < 1e11) return "s";
  if (size < 1e14) return "ms";
  return size < 1e17 ? "us" : "ns";
}
