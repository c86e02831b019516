import { readFileSync, writeFileSync } from "node:fs";
import { COMMANDS } from "./commands.ts";
import { withReference } from "./reference.ts";

/** `npm run docs:cli` */

const PAGE = new URL("../../docs/reference/cli.md", import.meta.url);
writeFileSync(PAGE, withReference(readFileSync(PAGE, "utf8"), COMMANDS));
