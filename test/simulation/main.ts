/** `node test/simulation/main.ts [seeds] [first]`: runs many seeds on all processors. Exits with 1 if one fails. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

const FILE = new URL("seeds.test.ts", import.meta.url).pathname;

/** Seeds of one process: few, so that the first failure is reported early. */
const RUN = 500;

const [count = 10_000, first = 1] = process.argv.slice(2).map(Number);
const waiting = Array.from({ length: Math.ceil(count / RUN) }, (_, i) => {
  const from = first + i * RUN;
  return `${from}-${Math.min(from + RUN, first + count) - 1}`;
}).values();

let failed = 0;
const started = Date.now();
const worker = async () => {
  for (const seeds of waiting) {
    const { code, output } = await run(seeds);
    console.log(`${code === 0 ? "ok  " : "FAIL"} seeds ${seeds}`);
    if (code === 0) continue;
    failed += 1;
    console.log(output);
  }
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`${count} seeds in ${seconds} s, ${failed > 0 ? "some failed" : "none failed"}`);
process.exitCode = failed > 0 ? 1 : 0;

function run(seeds: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, SIMULATION_SEEDS: seeds, FORCE_COLOR: "0" };
    const child = spawn(process.execPath, [FILE], { env });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", (code) => resolve({ code, output }));
  });
}
