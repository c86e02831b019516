import { suite } from "uvu";
import * as assert from "uvu/assert";
import type {
  ExplainedLastMessage,
  ExplainedResponse,
  Explanation,
} from "../../../src/explain/explanation.ts";
import type { DetailedDeadLetter } from "../../../src/status/recent-dead-letters.ts";
import { withResponses } from "../../../src/status/responses.ts";
import type { RecentMessage } from "../../../src/status/status.ts";

const s = suite("status: responses that the process has retained");

const FROM = { topic: "users", partition: 1, offset: 7 };
const SETTLED: ExplainedResponse = { status: "settled", time: null, detail: null };
const DEAD_LETTERED: ExplainedResponse = { status: "deadLettered", time: null, detail: null };
const LAST: ExplainedLastMessage = {
  ...{ kind: "changed", messageId: "id-1", from: FROM, commitTime: null, response: SETTLED },
};
const TIME = "2026-01-01T00:00:00.000Z";
const MESSAGE = { sync: "lifecycle", messageId: "id-1", deliveryTime: TIME, response: "HTTP 200" };
const DEAD_LETTER: Partial<DetailedDeadLetter> = {
  ...{
    time: TIME,
    code: "REFUSED_BY_SEGMENT",
    reason: "HTTP 400",
    details: null,
    rejectedBy: null,
    ...FROM,
  },
};

function responseOf(
  last: ExplainedLastMessage,
  messages: readonly Partial<RecentMessage>[],
  deadLetters: readonly Partial<DetailedDeadLetter>[],
  showValues = false,
): ExplainedResponse | undefined {
  const sync = {
    sync: "lifecycle",
    type: "track",
    isNew: false,
    isMember: true,
    since: null,
  } as const;
  const row = { ...{ from: FROM, position: null, commitTime: null, isRemoved: false } };
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
  const retained = {
    messages: messages as readonly RecentMessage[],
    deadLetters: deadLetters as readonly DetailedDeadLetter[],
  };
  return withResponses(explanation, retained, showValues).rows[0]?.syncs[0]?.last?.response;
}

const other = { ...MESSAGE, messageId: "id-2" };
const rejected = { ...DEAD_LETTER, messageId: "id-1" };
const tooLarge = {
  ...DEAD_LETTER,
  code: "MESSAGE_TOO_LARGE",
  reason: "40 KB",
  rejectedBy: "lifecycle",
} as const;
const quoting = {
  ...({ ...DEAD_LETTER, code: "UNREADABLE_TIMESTAMP", rejectedBy: "lifecycle" } as const),
  reason: 'column "at" is not a date',
  details: '"ada@x"',
};
const quoted = {
  ...{ ...rejected, reason: "Segment rejects the message: HTTP 400 Bad Request" },
  details: '"ada@x" is wrong',
};
const CASES: readonly [
  title: string,
  response: ExplainedResponse | undefined,
  expected: ExplainedResponse,
][] = [
  ["leave a message without a retained response unchanged", responseOf(LAST, [other], []), SETTLED],
  [
    "add when Segment accepted a message",
    responseOf(LAST, [other, MESSAGE], []),
    { status: "accepted", time: TIME, detail: "HTTP 200" },
  ],
  [
    "add why Segment rejected a message",
    responseOf(LAST, [other], [{ ...DEAD_LETTER, messageId: null }, rejected]),
    { status: "rejected", time: TIME, detail: "HTTP 400" },
  ],
  [
    "add why a change is a dead letter, by its sync and record",
    responseOf(
      { ...LAST, messageId: null, response: DEAD_LETTERED },
      [],
      [{ ...tooLarge, rejectedBy: "x" }, tooLarge],
    ),
    { status: "deadLettered", time: TIME, detail: "MESSAGE_TOO_LARGE: 40 KB" },
  ],
  [
    "redact row values in a reason",
    responseOf({ ...LAST, messageId: null, response: DEAD_LETTERED }, [], [quoting]),
    {
      ...{ status: "deadLettered", time: TIME },
      detail: 'UNREADABLE_TIMESTAMP: column "at" is not a date',
    },
  ],
  [
    "include row values on request",
    responseOf({ ...LAST, messageId: null, response: DEAD_LETTERED }, [], [quoting], true),
    {
      status: "deadLettered",
      time: TIME,
      detail: `UNREADABLE_TIMESTAMP: ${quoting.reason} ("ada@x")`,
    },
  ],
  [
    "redact message values in a response of Segment",
    responseOf(LAST, [], [quoted]),
    {
      ...{ status: "rejected", time: TIME },
      detail: "Segment rejects the message: HTTP 400 Bad Request",
    },
  ],
  [
    "leave a dead letter without a retained reason unchanged",
    responseOf(
      { ...LAST, messageId: null, response: DEAD_LETTERED },
      [],
      [{ ...tooLarge, offset: 8 }],
    ),
    DEAD_LETTERED,
  ],
];

for (const [title, response, expected] of CASES)
  s(`should ${title}`, () => assert.equal(response, expected));

s.run();
