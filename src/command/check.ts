import { topicsOf } from "../config/model-settings.ts";
import { readSettings } from "../config/read.ts";
import { Plans } from "../task/plan.ts";
import { checkConnect } from "./check-connect.ts";

/** Validates a configuration and says what it will do; with `connect`, holds it against Kafka too. */
export async function check(config: string, connect: boolean): Promise<void> {
  const settings = readSettings(config);
  new Plans(settings);
  const lines = Object.entries(settings.syncs).map(([name, sync]) => {
    const model = settings.models[sync.model];
    const where = model?.where === undefined ? "" : ` where ${model.where}`;
    return `  ${name}: ${sync.type} from ${model ? topicsOf(model).join(", ") : "?"}${where}`;
  });
  process.stderr.write(`${config} is valid: pipeline ${settings.name}\n${lines.join("\n")}\n`);
  if (!connect) return;
  const found = await checkConnect(settings);
  process.stderr.write(`${found.join("\n")}\n`);
  if (found.some((line) => line.startsWith("!"))) process.exitCode = 1;
}
