import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { GENERATED_FILES } from "./generated-files.ts";

/** `npm run docs` writes every generated file; with `--check` it only exits with 1 where one is stale. */

const isCheck = process.argv.includes("--check");

for (const { path, content } of GENERATED_FILES) {
  const file = new URL(`../../${path}`, import.meta.url);
  const current = existsSync(file) ? readFileSync(file, "utf8") : "";
  const wanted = content(current);
  if (current === wanted) continue;
  if (isCheck) {
    process.stderr.write(`${path} is stale; run \`npm run docs\`\n`);
    process.exitCode = 1;
  } else writeFileSync(file, wanted);
}
