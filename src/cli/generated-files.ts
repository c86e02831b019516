import { configurationPage } from "../config/configuration-page.ts";
import { jsonSchema } from "../config/json-schema.ts";
import { errorsPage } from "../lib/errors-page.ts";
import { metricsPage } from "../status/metrics-table.ts";
import { COMMANDS } from "./commands.ts";
import { withReference } from "./reference.ts";

export type GeneratedFile = {
  /** From the root of the repository. */
  readonly path: string;
  /** The content from the declarations in the code; a page that is written by hand passes its text around the blocks. */
  readonly content: (current: string) => string;
};

/** Every file that the code generates: `npm run docs` writes them, `npm run docs:check` fails where one is stale. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: "config/schema.json", content: jsonSchema },
  { path: "docs/reference/cli.md", content: (current) => withReference(current, COMMANDS) },
  { path: "docs/reference/configuration.md", content: configurationPage },
  { path: "docs/reference/errors.md", content: errorsPage },
  { path: "docs/reference/metrics.md", content: metricsPage },
];
