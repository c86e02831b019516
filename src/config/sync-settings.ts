import { z } from "zod";
import { column, fields, mapped } from "./setting-kinds.ts";

const common = {
  model: z.string().min(1).describe("name of the model"),
  userId: mapped
    .optional()
    .describe("userId of the message; userId, anonymousId or both are required"),
  anonymousId: mapped.optional().describe("anonymousId of the message"),
  timestamp: column
    .optional()
    .describe("column with the time of the event; default: the commit time in the database"),
  messageId: column
    .optional()
    .describe("column with a message id, used unchanged; default: derived from the change"),
  watch: z
    .union([z.literal("*"), z.array(column)])
    .optional()
    .describe("watched columns; default: those that the ids and the mapping read"),
  missingUser: z
    .enum(["deadLetter", "ignore", "stop"])
    .default("deadLetter")
    .describe("what to do with a row without userId and anonymousId"),
};

const properties = fields.default({}).describe("properties of the event");

const initialResults = z
  .enum(["skip", "send"])
  .default("skip")
  .describe("whether to send rows that existed before the sync started");

const identify = z
  .strictObject({
    type: z.literal("identify"),
    ...common,
    traits: fields.default({}).describe("traits of the user"),
  })
  .describe("an identify call for every added or changed row, initial results included");

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
      .describe("event name per kind of change; a kind without a name is not sent"),
    initialResults,
  })
  .describe("a track call for added, changed and removed rows, each with its own event name");

const audience = z
  .strictObject({ type: z.literal("track-entered-exited"), ...common, properties, initialResults })
  .describe(
    'a track call "Segment Entered" or "Segment Exited" when a row enters or leaves the model',
  );

export const sync = z
  .discriminatedUnion("type", [identify, track, audience])
  .describe("one model turned into one kind of Segment call");

export type SyncSettings = z.infer<typeof sync>;
