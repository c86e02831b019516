import { z } from "zod";
import { choice, column, fields, mapped, text } from "./setting-kinds.ts";

const common = {
  model: text("the name of a model").describe("Name of the model."),
  userId: mapped
    .optional()
    .describe("Segment's `userId`. `userId`, `anonymousId` or both are required."),
  anonymousId: mapped.optional().describe("Segment's `anonymousId`."),
  timestamp: column
    .optional()
    .describe("Column with the time of the event. Default: the commit time in the database."),
  messageId: column
    .optional()
    .describe(
      "Column with an id of the event, used unchanged. Default: an id derived from the change.",
    ),
  watch: z
    .union([z.literal("*"), z.array(column)], { error: 'write a list of columns, or "*"' })
    .optional()
    .describe(
      'Columns whose new values make a row changed; "*" for every column. Default: the columns that ids and traits or properties use.',
    ),
  missingUser: choice("deadLetter", "ignore", "stop")
    .default("deadLetter")
    .describe(
      "What happens to a row that has neither `userId` nor `anonymousId`: it is sent to the DLQ, ignored, or stops the pipeline.",
    ),
};

const properties = fields.default({}).describe("Segment properties.");

const initialResults = choice("skip", "send")
  .default("skip")
  .describe("Whether rows that existed before the sync started are sent.");

const identify = z
  .strictObject({
    type: z.literal("identify").describe("Kind of Segment call."),
    ...common,
    traits: fields.default({}).describe("Segment traits."),
  })
  .describe("Sends `identify` for every added or changed row. Initial results are always sent.");

const eventName = (kind: string) =>
  text("an event name").optional().describe(`Event name for ${kind} rows.`);

const track = z
  .strictObject({
    type: z.literal("track").describe("Kind of Segment call."),
    ...common,
    properties,
    events: z
      .strictObject({
        added: eventName("added"),
        changed: eventName("changed"),
        removed: eventName("removed"),
      })
      .refine(
        (events) => Object.keys(events).length > 0,
        "name at least one of added, changed, removed",
      )
      .describe("Event names. A kind of change without a name is not sent."),
    initialResults,
  })
  .describe("Sends `track` with one event name each for added, changed and removed rows.");

const audience = z
  .strictObject({
    type: z.literal("track-entered-exited").describe("Kind of Segment call."),
    ...common,
    properties,
    initialResults,
  })
  .describe(
    'Sends `track` with "Segment Entered" for added rows and "Segment Exited" for removed rows.',
  );

export const sync = z
  .discriminatedUnion("type", [identify, track, audience])
  .describe("One model turned into one kind of Segment call.");

export type SyncSettings = z.infer<typeof sync>;
