import { recordName } from "../../data/record.ts";
import type { Row } from "../../data/row.ts";
import { messageOf, messageWithDetails } from "../../lib/errors.ts";
import type { SegmentMessage } from "../../map/sync.ts";
import type { ModelTopology, SyncTopology } from "../../topology/model-topology.ts";
import { counted, type Finding, ok, problem, warning } from "./finding.ts";
import type { Sample } from "./rows.ts";

type RowSample = Sample & { readonly row: Row; readonly absent: ReadonlySet<string> };

/** For each sync of a model, the messages of its newest member row, or why there are none. */
export function checkMessages(
  model: ModelTopology,
  samples: readonly Sample[],
  showValues: boolean,
): readonly Finding[] {
  const rows = samples.flatMap((sample): RowSample[] => {
    const { row, unavailable } = sample.event;
    return row ? [{ ...sample, row, absent: new Set(unavailable) }] : [];
  });
  if (rows.length === 0) return [];
  const about = `model ${model.name}`;
  const members: RowSample[] = [];
  for (const sample of rows) {
    try {
      if (model.filter.matches(sample.row, sample.absent)) members.push(sample);
    } catch (error) {
      const text = shown(error, showValues);
      return [problem(about, `${recordName(sample.record)} would be a dead letter: ${text}`)];
    }
  }
  const [newest] = rows;
  if (members.length === 0)
    return [
      warning(
        about,
        `none of the last ${counted(rows.length, "row")} (${newest ? recordName(newest.record) : ""} the newest) passes \`where: ${model.where}\`, so there is no message to check`,
      ),
    ];
  return model.syncs.flatMap((sync) => checkSync(sync, members, showValues));
}

function checkSync(
  syncTopology: SyncTopology,
  members: readonly RowSample[],
  showValues: boolean,
): Finding[] {
  const { sync, missingUser } = syncTopology;
  const about = `sync ${sync.name}`;
  const findings: Finding[] = [];
  const withUser = members.filter(({ row, absent }) => sync.user(row, absent) !== null);
  const without = members.length - withUser.length;
  const [sample] = withUser;
  if (without > 0) {
    const finding = missingUser === "ignore" || sample ? warning : problem;
    findings.push(
      finding(
        about,
        `no userId and no anonymousId in ${without} of ${counted(members.length, "row")} (missingUser: ${missingUser}); map another column, or filter such rows`,
      ),
    );
  }
  if (!sample) return findings;
  const { row, absent, event, record } = sample;
  const reason = reasonOf(syncTopology);
  if (reason === null) return [...findings, ok(about, "has no event name, so it sends nothing")];
  const isRemoved = reason === "removed";
  const rows = { previous: isRemoved ? row : null, next: isRemoved ? null : row, absent };
  const users = { user: isRemoved ? null : sync.user(row, absent), previousUser: null };
  const change = { reason, ...rows, ...users };
  const changeId = event.sourcePosition ?? `${record.partition}/${record.offset}`;
  try {
    const changeSource = { ...event, topic: record.topic, changeId };
    const messages = sync.messages(change, changeSource, (field, reason, kind) => {
      // A missing column is a finding of its setting.
      if (reason !== "the row has no such column")
        findings.push(problem(about, `${field} is left out: ${showValues ? reason : kind}`));
    });
    for (const message of messages)
      findings.push(ok(about, described(sample, message, syncTopology, showValues)));
  } catch (error) {
    findings.push(
      problem(about, `${recordName(record)} would be a dead letter: ${shown(error, showValues)}`),
    );
  }
  return findings;
}

function shown(error: unknown, showValues: boolean): string {
  return showValues ? messageWithDetails(error) : messageOf(error);
}

function reasonOf({ options }: SyncTopology): "added" | "changed" | "removed" | null {
  if (options.type !== "track") return "added";
  const reasons = ["added", "changed", "removed"] as const;
  return reasons.find((reason) => options.events[reason] !== undefined) ?? null;
}

function described(
  { record }: RowSample,
  message: SegmentMessage,
  syncTopology: SyncTopology,
  showValues: boolean,
): string {
  const { options, initialResults } = syncTopology;
  const skipped =
    initialResults === "skip" ? "; rows that exist at the first start are skipped" : "";
  if (showValues) return `${recordName(record)}: ${JSON.stringify(message)}${skipped}`;
  const { type, event, traits, properties } = message;
  const call = event === undefined ? type : `${type} "${event}"`;
  const users = ["userId", "anonymousId"].filter((id) => id in message).join(" and ");
  const fields = Object.keys(traits ?? properties ?? {});
  const named = fields.length > 0 ? fields.join(", ") : "none";
  const time = options.timestamp ?? "the commit time";
  return `${recordName(record)} would send ${call} with ${users}, ${traits ? "traits" : "properties"} ${named}, at ${time}${skipped}`;
}
