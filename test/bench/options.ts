import { parseArgs } from "node:util";
import type { Peer } from "./ground.ts";
import { LARGEST, SIZES } from "./growth.ts";
import { peers } from "./peer.ts";

/** What is measured besides the peers. */
const PARTS = ["restore", "latency", "processes", "growth", "profile", "stages"] as const;
type Part = (typeof PARTS)[number];

export type Options = {
  readonly records: number;
  readonly keys: number;
  readonly rounds: number;
  readonly peers: readonly Peer[];
  readonly parts: ReadonlySet<Part>;
  /** Of the table that grows. */
  readonly sizes: readonly number[];
  readonly write: boolean;
  readonly profiles?: string;
};

/** Of the command line; `main.ts` says what they mean. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      records: { type: "string", default: "200000" },
      keys: { type: "string", default: "50000" },
      rounds: { type: "string", default: "3" },
      only: { type: "string", default: "" },
      beside: { type: "string" },
      profiles: { type: "string" },
      growth: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const count = (name: "records" | "keys" | "rounds") => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number > 0) return number;
    throw new Error(`--${name} is "${values[name]}"; write a whole number above 0`);
  };
  const all = peers(values.beside);
  const only = values.only === "" ? [] : values.only.split(",");
  const known = new Set<string>([...all.map(({ id }) => id), ...PARTS]);
  const unknown = only.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(
      `--only: there is no ${unknown.join(", ")}; there are ${[...known].join(", ")}`,
    );
  const wants = (name: string) => only.length === 0 || only.includes(name);
  const grows = values.growth || values.full || only.includes("growth");
  return {
    records: count("records"),
    keys: count("keys"),
    rounds: count("rounds"),
    peers: all.filter(({ id }) => wants(id)),
    parts: new Set(PARTS.filter((part) => (part === "growth" ? grows : wants(part)))),
    sizes: [...SIZES, ...(values.full ? [LARGEST] : [])],
    write: values.write,
    profiles: values.profiles,
  };
}
