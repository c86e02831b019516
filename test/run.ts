/**
 * Runs test files, each in a process of its own, and closes with the line `N passed, N failed`.
 * `node test/run.ts` runs everything; `node test/run.ts unit flow` some folders; a path runs one file.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";

type Outcome = { readonly passed: number; readonly failed: number; readonly skipped: number };

const ROOT = new URL("..", import.meta.url).pathname;
const EVERYTHING = ["unit", "flow", "simulation", "promise", "integration"];

/** These start servers of their own: one at a time, or the machine is the bottleneck. */
const ALONE = /^test\/(integration|promise)\//;

/** A test that hangs is a failure; the slowest file takes about a minute. */
const TIME_LIMIT_MS = 600_000;

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const files = (names.length > 0 ? names : EVERYTHING).flatMap((name) =>
    name.endsWith(".ts") ? [name] : globSync(`test/${name}/**/*.test.ts`, { cwd: ROOT }).toSorted(),
  );
  const outcomes = [
    ...(await inParallel(
      files.filter((file) => !ALONE.test(file)),
      availableParallelism(),
    )),
    ...(await inParallel(
      files.filter((file) => ALONE.test(file)),
      1,
    )),
  ];
  const sum = (of: keyof Outcome) => outcomes.reduce((total, outcome) => total + outcome[of], 0);
  const failed = sum("failed") + (files.length === 0 ? 1 : 0);
  const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
  console.log(`${sum("passed")} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function inParallel(files: readonly string[], width: number): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = files.values();
  const worker = async () => {
    for (const file of waiting) outcomes.push(await runFile(file));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
}

async function runFile(file: string): Promise<Outcome> {
  const started = Date.now();
  const { code, output } = await execute(file);
  const count = (name: string) =>
    Number(new RegExp(`^\\s*${name}:\\s+(\\d+)`, "m").exec(output)?.[1] ?? 0);
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  // A file that ended without its closing lines, or badly after them, has failed too.
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
