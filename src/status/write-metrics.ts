import { readFileSync, writeFileSync } from "node:fs";
import { metricsPage } from "./metrics-table.ts";

/** `npm run metrics` writes the reference page; with `--check` it exits with 1 if the page is stale. */

const PAGE = new URL("../../docs/reference/metrics.md", import.meta.url);

if (!process.argv.includes("--check")) writeFileSync(PAGE, metricsPage());
else if (readFileSync(PAGE, "utf8") !== metricsPage()) {
  process.stderr.write("docs/reference/metrics.md is stale; run `npm run metrics`\n");
  process.exitCode = 1;
}
