import { z } from "zod";
import { column, fields, mapped } from "./setting-kinds.ts";

const common = {
  model: z.string().min(1).describe("name of the model"),
  userId: mapped.optional().describe("Segment's userId; userId, anonymousId or both are required"),
  anonymousId: mapped.optional().describe("Segment's anonymousId"),
  timestamp: column
    .optional()
    .describe("column that says when the event occurred; default: the commit time in the database"),
  messageId: column
    .optional()
    .describe(
      "column with an id of the event, used as it stands; default: derived from the change",
    ),
  watch: z
    .union([z.literal("*"), z.array(column)])
    .optional()
    .describe(
      "columns whose difference makes a row changed; default: those that the ids and the mapping read",
    ),
  missingUser: z
    .enum(["deadLetter", "ignore", "stop"])
    .default("deadLetter")
    .describe("what happens to a row that has neither userId nor anonymousId"),
};

const properties = fields.default({}).describe("Segment properties from columns");

const initialResults = z
  .enum(["skip", "send"])
  .default("skip")
  .describe("whether rows that were already there when the sync began are sent");

const identify = z
  .strictObject({
    type: z.literal("identify"),
    ...common,
    traits: fields.default({}).describe("Segment traits from columns"),
  })
  .describe("identify for every added or changed row, initial results included");

const track = z
  .strictObject({
    type: z.literal("track"),
    ...common,
    properties,
    events: z
      .strictObject({
        added: z.string().min(1).optional(),
        changed: z.string().min(1).optional(),
        removed: z.string().min(1).optional(),
      })
      .refine(
        (events) => Object.keys(events).length > 0,
        "name at least one of added, changed, removed",
      )
      .describe("event names; a kind without a name is not sent"),
    initialResults,
  })
  .describe("a track call with an event name each for added, changed and removed rows");

const audience = z
  .strictObject({ type: z.literal("track-entered-exited"), ...common, properties, initialResults })
  .describe('track "Segment Entered" and "Segment Exited" as rows come and go');

export const sync = z
  .discriminatedUnion("type", [identify, track, audience])
  .describe("one model turned into one kind of Segment call");

export type SyncSettings = z.infer<typeof sync>;
