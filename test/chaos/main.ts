/**
 * A storm over a real Kafka, real stores and real HTTP: `npm run test:chaos`, and with `-- --seed N` the same script
 * again. Prints a table; ends with 1 where anything is lost, doubled or out of order.
 */
import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";
import { fullScript, smallScript } from "./script.ts";
import { table } from "./table.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    records: { type: "string", default: "110000" },
    small: { type: "boolean", default: false },
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const started = Date.now();
const result = await chaos({
  seed: Number(values.seed),
  records: Number(values.records),
  keys: 6_000,
  perSecond: 500,
  script: values.small ? smallScript : fullScript,
  log: (text) =>
    console.error(`${((Date.now() - started) / 1_000).toFixed(1).padStart(6)}  ${text}`),
});
console.log(table(result));
for (const end of result.ends) console.log(`ended: ${end}`);
const { lost, doubled, outOfOrder } = result.outcome;
for (const [what, list] of Object.entries({ lost, doubled, outOfOrder })) {
  for (const message of list.slice(0, 5)) console.log(`${what}: ${JSON.stringify(message)}`);
}
if (result.directory !== null) console.log(`the logs of all processes are in ${result.directory}`);
if (!result.isRight) process.exitCode = 1;
