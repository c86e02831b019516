import { writeFileSync } from "node:fs";
import { COMMANDS } from "./commands.ts";
import { cliReference } from "./reference.ts";

// `npm run docs:cli`
const file = new URL("../../docs/reference/cli.md", import.meta.url);
writeFileSync(file, cliReference(COMMANDS));
