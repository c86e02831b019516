import { suite } from "uvu";
import * as assert from "uvu/assert";
import type {
  Explanation,
  LastMessage,
  SegmentResponse,
} from "../../../src/explain/explanation.ts";
import type { RememberedDeadLetter } from "../../../src/status/recent-dead-letters.ts";
import { withResponses } from "../../../src/status/responses.ts";
import type { RecentMessage } from "../../../src/status/status.ts";

const s = suite("telemetry: answers that the process remembers");

const FROM = { topic: "users", partition: 1, offset: 7 };
const SETTLED: SegmentResponse = { status: "settled", time: null, detail: null };
const DEAD_LETTERED: SegmentResponse = { status: "set aside", time: null, detail: null };
const LAST: LastMessage = {
  ...{ kind: "changed", messageId: "id-1", from: FROM, committedAt: null, response: SETTLED },
};
const AT = "2026-01-01T00:00:00.000Z";
const MESSAGE = { sync: "life", messageId: "id-1", sentAt: AT, response: "HTTP 200" };
const DEAD_LETTER: Partial<RememberedDeadLetter> = {
  ...{ at: AT, code: "REFUSED_BY_SEGMENT", reason: "HTTP 400", details: null, by: null, ...FROM },
};

function responseOf(
  last: LastMessage,
  messages: readonly Partial<RecentMessage>[],
  deadLetters: readonly Partial<RememberedDeadLetter>[],
  showValues = false,
): SegmentResponse | undefined {
  const sync = { sync: "life", type: "track", isNew: false, isMember: true, since: null } as const;
  const row = { ...{ from: FROM, position: null, committedAt: null, isRemoved: false } };
  const rest = { columns: [], values: null, unknown: [], isStored: true };
  const explanation: Explanation = {
    ...{
      pipeline: "shop",
      model: "users",
      key: "[1]",
      searched: [],
      notSearched: [],
      record: null,
    },
    rows: [
      {
        ...row,
        ...rest,
        syncs: [
          { ...sync, last },
          { ...sync, last: null },
        ],
      },
    ],
  };
  const remembered = {
    messages: messages as readonly RecentMessage[],
    deadLetters: deadLetters as readonly RememberedDeadLetter[],
  };
  return withResponses(explanation, remembered, showValues).rows[0]?.syncs[0]?.last?.response;
}

const other = { ...MESSAGE, messageId: "id-2" };
const rejected = { ...DEAD_LETTER, messageId: "id-1" };
const aside = { ...DEAD_LETTER, code: "MESSAGE_TOO_LARGE", reason: "40 KB", by: "life" } as const;
const quoting = {
  ...({ ...DEAD_LETTER, code: "UNREADABLE_TIMESTAMP", by: "life" } as const),
  reason: 'column "at" is not a date',
  details: '"ada@x"',
};
const quoted = {
  ...{ ...rejected, reason: "Segment rejects the message: HTTP 400 Bad Request" },
  details: '"ada@x" is wrong',
};
const CASES: readonly [
  title: string,
  response: SegmentResponse | undefined,
  expected: SegmentResponse,
][] = [
  ["leave open what nobody remembers", responseOf(LAST, [other], []), SETTLED],
  [
    "know what Segment took, and when",
    responseOf(LAST, [other, MESSAGE], []),
    { status: "accepted", time: AT, detail: "HTTP 200" },
  ],
  [
    "know what Segment refused, and why",
    responseOf(LAST, [other], [{ ...DEAD_LETTER, messageId: null }, rejected]),
    { status: "refused", time: AT, detail: "HTTP 400" },
  ],
  [
    "know why a change was set aside, by its sync and record",
    responseOf(
      { ...LAST, messageId: null, response: DEAD_LETTERED },
      [],
      [{ ...aside, by: "x" }, aside],
    ),
    { status: "set aside", time: AT, detail: "MESSAGE_TOO_LARGE: 40 KB" },
  ],
  [
    "hide what a reason quotes of a row",
    responseOf({ ...LAST, messageId: null, response: DEAD_LETTERED }, [], [quoting]),
    {
      ...{ status: "set aside", time: AT },
      detail: 'UNREADABLE_TIMESTAMP: column "at" is not a date',
    },
  ],
  [
    "show it where values are asked for",
    responseOf({ ...LAST, messageId: null, response: DEAD_LETTERED }, [], [quoting], true),
    { status: "set aside", time: AT, detail: `UNREADABLE_TIMESTAMP: ${quoting.reason} ("ada@x")` },
  ],
  [
    "hide what Segment quotes of a message",
    responseOf(LAST, [], [quoted]),
    {
      ...{ status: "refused", time: AT },
      detail: "Segment rejects the message: HTTP 400 Bad Request",
    },
  ],
  [
    "leave the reason of an older one to the dead letters",
    responseOf(
      { ...LAST, messageId: null, response: DEAD_LETTERED },
      [],
      [{ ...aside, offset: 8 }],
    ),
    DEAD_LETTERED,
  ],
];

for (const [title, response, expected] of CASES)
  s(`should ${title}`, () => assert.equal(response, expected));

s.run();
