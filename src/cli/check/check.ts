import { topicsOf } from "../../config/model-settings.ts";
import { readSettings } from "../../config/read.ts";
import { Topology } from "../../topology/topology.ts";
import { type ConnectOptions, checkConnect } from "./check-connect.ts";
import { findingsText } from "./finding.ts";

/**
 * Validates the settings and lists the syncs; with `connect`, also checks them against Kafka, the registry and Segment.
 * The exit code is 1 if that finds an error.
 */
export async function check(config: string, connect: ConnectOptions | null): Promise<void> {
  const settings = readSettings(config);
  new Topology(settings);
  const lines = Object.entries(settings.syncs).map(([name, sync]) => {
    const model = settings.models[sync.model];
    const where = model?.where === undefined ? "" : ` where ${model.where}`;
    return `  ${name}: ${sync.type} from ${model ? topicsOf(model).join(", ") : "?"}${where}`;
  });
  process.stderr.write(`${config} is valid: pipeline ${settings.name}\n${lines.join("\n")}\n`);
  if (connect === null) return;
  const findings = await checkConnect(settings, connect);
  process.stderr.write(findingsText(findings));
  if (findings.some(({ level }) => level === "error")) process.exitCode = 1;
}
