import { type FormatId, TOPICS } from "./format.ts";

const COLUMNS =
  "{balance: {type: decimal, scale: 2}, created_at: timestamp, updated_at: timestamp}";

/**
 * Settings of one run of ours: the service as it comes, with a changelog or without, one identify and one track sync over the feed's table. Types are
 * declared where the records tell none. It logs at debug because replay tells only there when it begins.
 */
export function settingsText(of: {
  readonly name: string;
  readonly format: FormatId;
  /** Default: the format's own. */
  readonly topic?: string;
  readonly broker: string;
  /** Of the mock Segment server. */
  readonly url: string;
  readonly registryUrl: string;
  /** State directory. */
  readonly state: string;
  readonly changelog: boolean;
}): string {
  return `name: ${of.name}
kafka:
  brokers: ["${of.broker}"]
${of.format === "avro" ? `  schemaRegistry: {url: "${of.registryUrl}"}\n` : ""}state:
  directory: ${of.state}
  changelog: ${of.changelog}
segment:
  writeKey: bench
  url: ${of.url}
log: {level: debug, format: json}
status: {port: 0}
models:
  users:
    topic: ${of.topic ?? TOPICS[of.format]}
    columns: ${of.format === "schemaless" ? COLUMNS : "{}"}
syncs:
  profile:
    model: users
    type: identify
    userId: id
    traits: {email: email, name: full_name, plan: plan, country: country, created_at: created_at}
  lifecycle:
    model: users
    type: track
    userId: id
    events: {changed: User Changed}
    properties: [email, plan]
    initialResults: send
`;
}
