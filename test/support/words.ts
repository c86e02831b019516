import { globSync, readFileSync } from "node:fs";
import { identifiersOf } from "./source-tokens.ts";

const ROOT = new URL("../../", import.meta.url);

/** Banned in code, comments, strings, docs and tests, with the term to use. */
const BANNED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    told: "sent, reported, `LastMessage`",
    untold: "unsent",
    teller: "`LastMessageSource`",
    retold: "sent again",
    standing: "status, `TaskStatus`, `MemberMetadata`, `RecordContext`",
    lane: "delivery queue",
    letter: "control message, dead letter",
    gate: "rate limiter, throttled",
    verdict: "response action, decision, outcome",
    overlay: "write buffer",
    begun: "started",
    pulse: "heartbeat, liveness",
    mend: "fix",
    folder: "directory",
    "stand-in": "mock Segment server",
    nobody: "no process, no one",
    somebody: "another process",
    whoever: "the caller, another process",
    judgement: "evaluation",
    occasion: "change context",
    occurrence: "change context",
    outwait: "wait for",
    outlive: "recover from",
    obey: "handle",
    walk: "backfill",
    "set aside": "dead-lettered, sent to the DLQ",
    "gone past": "data loss detected; continuing",
    "moved on": "outdated",
    "calls not made": "skipped calls",
  }),
);

/** Banned as identifiers and as parts of identifiers, too. */
const BANNED_IDENTIFIERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    place: "offset, source position",
    at: "`tp`, time",
    look: "state view, lookup",
    answer: "response",
    cut: "pending writes",
    fill: "usage",
    life: "session, lifecycle",
    keep: "retain, write atomically",
    kept: "retained",
    hidden: "redacted",
    silent: "skipped, `noopLogger`",
    wake: "signal",
    ring: "notify",
    phase: "task state",
    house: "directory",
    room: "space",
    door: "entry point",
    weather: "fault injector",
    dice: "random source",
    truth: "expected data",
  }),
);

/** Members of the platform and of libraries: Array.prototype.at and fill, the DOM's hidden. */
const PLATFORM_MEMBERS = new Set(["at", "charAt", "charCodeAt", "codePointAt", "fill", "hidden"]);

/** Stored names of version 0.1, in the codecs that read and write them and in the tests of the stored forms. */
const STORED_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ["src/coordination/control-message.ts", ["place", "silent"]],
  ["src/dlq/unsent-change.ts", ["place"]],
  ["src/state/checkpoint-record.ts", ["walk"]],
  ["src/state/handover.ts", ["at"]],
  ["src/state/task-store.ts", ["at"]],
  ["test/simulation/environment.ts", ["walk"]],
]);

/** Names of other systems: columns and fields of Segment, options of Node. */
const QUOTED_IDENTIFIERS = new Set([
  "keepAlive",
  "sentAt",
  "created_at",
  "updated_at",
  "seen_at",
  "last_seen_at",
  "changed_at",
  "opens_at",
  "keepCase",
]);

/** Whole files that quote: what they hold is another version's, another system's, or this list. */
const QUOTING = [
  "test/support/words.ts",
  "test/support/recorded-tables.ts",
  "test/unit/words.test.ts",
  "test/unit/changelog.test.ts",
  "test/fixtures/",
  "src/config/renamed-settings.ts",
  "test/unit/config/renamed-settings.test.ts",
];

/** Texts that quote: durable names of version 0.1, settings and metrics of before, other systems. */
const QUOTATIONS = [
  /"(?:limits\.)?lane_bytes[^"]*"/g,
  /begun\.json/g,
  /"nobody"\]/g,
  /`(?:limits\.)?lane_(?:messages|bytes)(?:_limit)?(?:: 4000000)?`/g,
  /`answers_total\{verdict(?:="(?:slow_down|refused)")?\}`/g,
  /`\{verdict="refused"\}`/g,
  /`segment\.lastAnswer`, its `verdict`/g,
  /`segment\.gate`/g,
  /`gate_closed(?:_seconds_total)?`/g,
  /`walked_rows_total`/g,
  /\| gone past what is lost \|/g,
  /\| nobody gets the topic until one that reads it leads the group \|/g,
  /\| set aside as a dead letter \|/g,
];

/** Files that are checked, by their paths in the repository. */
export const TEXTS: readonly string[] = globSync(
  [
    "{src,test,docs,config,deploy,examples,.github}/**/*.{ts,js,cjs,md,yaml,yml,json,html,css,sql,java,xml,properties,sh}",
    "*.{md,json,yml}",
    "Dockerfile",
    ".ci/run",
  ],
  { cwd: ROOT.pathname },
)
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => !file.includes("node_modules") && file !== "package-lock.json")
  .filter((file) => !QUOTING.some((name) => file.startsWith(name)))
  .toSorted();

const FORMS = [...BANNED.keys()].map((word) => word.replace(/[ -]/g, "[ -]?"));
const WORD = new RegExp(`(?<![A-Za-z])(?:${FORMS.join("|")})(?:s|ed|ing|'s|es)?(?![A-Za-z])`, "gi");

/** The banned words of a text, each with the term to use. */
export function bannedIn(text: string): readonly string[] {
  const own = QUOTATIONS.reduce((rest, quotation) => rest.replace(quotation, ""), text);
  const found = own.replace(/dead[ _.-]?letters?/gi, "").matchAll(WORD);
  return [...found].map(([word]) => `${word}: write ${termOf(word)}`);
}

function termOf(word: string): string | undefined {
  const form = word.toLowerCase().replace(/[ -]/g, "");
  const banned = [...BANNED.keys()].find((name) => form.startsWith(name.replace(/[ -]/g, "")));
  return banned && BANNED.get(banned);
}

/** The term to use for the first banned part of an identifier. */
export function bannedPart(name: string): string | undefined {
  if (QUOTED_IDENTIFIERS.has(name)) return undefined;
  const parts = name
    .replace(/dead_?letters?/gi, "")
    .split(/_|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((part) => part.toLowerCase());
  for (const part of parts) {
    const singular = part.replace(/s$/, "");
    const term =
      BANNED.get(part) ??
      BANNED.get(singular) ??
      BANNED_IDENTIFIERS.get(part) ??
      BANNED_IDENTIFIERS.get(singular);
    if (term !== undefined) return term;
  }
  return undefined;
}

/** Every banned word of a file, as `file:line: word: write term`. */
export function violationsOf(file: string): readonly string[] {
  const source = read(file);
  const stored = STORED_NAMES.get(file) ?? [];
  const inTexts = source.split("\n").flatMap((text, index) =>
    bannedIn(text)
      .filter((word) => !stored.some((name) => word.startsWith(`${name}:`)))
      .map((word) => `${file}:${index + 1}: ${word}`),
  );
  if (!/\.(?:ts|js|cjs)$/.test(file)) return inTexts;
  const inIdentifiers = identifiersOf(source).flatMap(({ name, line, isMember }) => {
    if (isMember && PLATFORM_MEMBERS.has(name)) return [];
    if (STORED_NAMES.get(file)?.includes(name)) return [];
    const term = bannedPart(name);
    return term === undefined ? [] : [`${file}:${line}: ${name}: write ${term}`];
  });
  return [...inTexts, ...inIdentifiers];
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}
