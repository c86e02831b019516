import { METRICS, PREFIX } from "./metrics.ts";

const [BEGIN, END] = ["<!-- metrics -->\n", "<!-- /metrics -->\n"];

/** The README with the list of metrics as a table between its marks. */
export function withMetrics(readme: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`README.md lacks ${BEGIN.trim()} or ${END.trim()}`);
  return before + BEGIN + table() + END + after;
}

function table(): string {
  const head = `| \`${PREFIX}…\` | type | labels | meaning |\n|---|---|---|---|\n`;
  const rows = METRICS.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.join(", ")} | ${help} |\n`,
  );
  return head + rows.join("");
}
