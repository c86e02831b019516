/**
 * Runs test files, each in its own process, lists the failed files, and ends with the line `N passed, N failed`.
 * `node test/run.ts` runs everything; `node test/run.ts unit flow` runs directories; a path runs one file.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";

type Outcome = { readonly passed: number; readonly failed: number; readonly skipped: number };

type Result = { readonly file: string; readonly outcome: Outcome };

const ROOT = new URL("..", import.meta.url).pathname;
const EVERYTHING = ["unit", "flow", "simulation", "promise", "integration"];

/** These start servers and processes of their own, wait for them, and run after the others. */
const WITH_SERVICES = /^test\/(integration|promise)\//;

/**
 * Files with services that run side by side. They wait more than they compute: one at a time they left both cores idle
 * for a third of the 30 minutes that they took.
 */
const SERVICE_WIDTH = 2;

/**
 * Runs with nothing beside it. Next to another file it has failed: kafkajs does not always rejoin after the coordinator
 * moves while the machine is busy, and the group's offsets are then not committed within 200 s.
 */
const ALONE = /coordinator-moves/;

/** The longest of them, which start first, so that none of them runs alone at the end. */
const LONGEST = [
  "kafka-source",
  "fenced-producer",
  "secrets-are-never",
  "pack",
  "disk-full",
  "chaos",
  "types",
  "outage",
  "slow-segment",
  "run-under-faults",
  "watching",
  "clock-jumps",
];

/** A file that hangs is a failure; the slowest takes two minutes on an idle machine. */
const TIME_LIMIT_MS = 900_000;

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const files = (names.length > 0 ? names : EVERYTHING).flatMap((name) =>
    name.endsWith(".ts") ? [name] : globSync(`test/${name}/**/*.test.ts`, { cwd: ROOT }).toSorted(),
  );
  const groups = Object.groupBy(files, groupOf);
  const results = [
    ...(await inParallel(groups.plain ?? [], availableParallelism())),
    ...(await inParallel(groups.alone ?? [], 1)),
    ...(await inParallel((groups.services ?? []).toSorted(longestFirst), SERVICE_WIDTH)),
  ];
  const sum = (of: keyof Outcome) => results.reduce((total, { outcome }) => total + outcome[of], 0);
  const failed = sum("failed") + (files.length === 0 ? 1 : 0);
  const bad = results.filter(({ outcome }) => outcome.failed > 0);
  if (bad.length > 0)
    console.log(`\nFailed files:\n${bad.map(({ file }) => `  ${file}`).join("\n")}`);
  const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
  console.log(`${sum("passed")} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function groupOf(file: string): "plain" | "alone" | "services" {
  if (!WITH_SERVICES.test(file)) return "plain";
  return ALONE.test(file) ? "alone" : "services";
}

function longestFirst(a: string, b: string): number {
  const rank = (file: string) => {
    const index = LONGEST.findIndex((name) => file.includes(name));
    return index === -1 ? LONGEST.length : index;
  };
  return rank(a) - rank(b);
}

async function inParallel(files: readonly string[], width: number): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = files.values();
  const worker = async () => {
    for (const file of waiting) results.push({ file, outcome: await runFile(file) });
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

async function runFile(file: string): Promise<Outcome> {
  const started = Date.now();
  const { code, output } = await execute(file);
  const count = (name: string) =>
    Number(new RegExp(`^\\s*${name}:\\s+(\\d+)`, "m").exec(output)?.[1] ?? 0);
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  // A file that ends without its summary, or with an exit code, has failed too.
  const failed = Math.max(total - passed - skipped, code === 0 && total > 0 ? 0 : 1);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${failed > 0 ? "FAIL" : "ok  "} ${file}  ${passed}/${total}  ${seconds} s`);
  if (failed > 0) console.log(output);
  return { passed, failed, skipped };
}

function execute(file: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file], {
      cwd: ROOT,
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => {
      output += `\nkilled after ${TIME_LIMIT_MS / 1000} s`;
      child.kill("SIGKILL");
    }, TIME_LIMIT_MS);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

await main();
