import { readFileSync, writeFileSync } from "node:fs";
import { withMetrics } from "./metrics-table.ts";

const README = new URL("../../README.md", import.meta.url);
writeFileSync(README, withMetrics(readFileSync(README, "utf8")));
