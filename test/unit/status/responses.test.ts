import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Answer, Explanation, LastMessage } from "../../../src/explain/explanation.ts";
import { withAnswers } from "../../../src/status/responses.ts";
import type { RecentLetter, RecentMessage } from "../../../src/status/status.ts";

const s = suite("telemetry: answers that the process remembers");

const FROM = { topic: "users", partition: 1, offset: 7 };
const SETTLED: Answer = { is: "settled", at: null, says: null };
const SET_ASIDE: Answer = { is: "set aside", at: null, says: null };
const LAST: LastMessage = {
  ...{ kind: "changed", messageId: "id-1", from: FROM, committedAt: null, answer: SETTLED },
};
const AT = "2026-01-01T00:00:00.000Z";
const MESSAGE = { sync: "life", messageId: "id-1", sentAt: AT, answer: "HTTP 200" };
const LETTER: Partial<RecentLetter> = {
  ...{ at: AT, code: "REFUSED_BY_SEGMENT", reason: "HTTP 400", by: null, ...FROM },
};

function answerOf(
  last: LastMessage,
  messages: readonly Partial<RecentMessage>[],
  letters: readonly Partial<RecentLetter>[],
  showValues = false,
): Answer | undefined {
  const sync = { sync: "life", type: "track", isNew: false, isMember: true, since: null } as const;
  const row = { ...{ from: FROM, position: null, committedAt: null, isRemoved: false } };
  const rest = { columns: [], values: null, unknown: [], isStored: true };
  const explanation: Explanation = {
    ...{ pipeline: "shop", model: "users", key: "[1]", looked: [], notLooked: [], record: null },
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
    letters: letters as readonly RecentLetter[],
  };
  return withAnswers(explanation, remembered, showValues).rows[0]?.syncs[0]?.last?.answer;
}

const other = { ...MESSAGE, messageId: "id-2" };
const refused = { ...LETTER, messageId: "id-1" };
const aside = { ...LETTER, code: "MESSAGE_TOO_LARGE", reason: "40 KB", by: "life" } as const;
const quoting = {
  ...({ ...LETTER, code: "UNREADABLE_TIMESTAMP", by: "life" } as const),
  reason: 'column "at" holds "ada@x", which is no date or instant',
};
const quoted = {
  ...{ ...refused, reason: 'Segment refuses the message: HTTP 400 Bad Request: "ada@x" is wrong' },
};
const CASES: readonly [title: string, answer: Answer | undefined, expected: Answer][] = [
  ["leave open what nobody remembers", answerOf(LAST, [other], []), SETTLED],
  [
    "know what Segment took, and when",
    answerOf(LAST, [other, MESSAGE], []),
    { is: "accepted", at: AT, says: "HTTP 200" },
  ],
  [
    "know what Segment refused, and why",
    answerOf(LAST, [other], [{ ...LETTER, messageId: null }, refused]),
    { is: "refused", at: AT, says: "HTTP 400" },
  ],
  [
    "know why a change was set aside, by its sync and record",
    answerOf({ ...LAST, messageId: null, answer: SET_ASIDE }, [], [{ ...aside, by: "x" }, aside]),
    { is: "set aside", at: AT, says: "MESSAGE_TOO_LARGE: 40 KB" },
  ],
  [
    "hide what a reason quotes of a row",
    answerOf({ ...LAST, messageId: null, answer: SET_ASIDE }, [], [quoting]),
    {
      ...{ is: "set aside", at: AT },
      says: 'UNREADABLE_TIMESTAMP: column "at" holds (hidden), which is no date or instant',
    },
  ],
  [
    "show it where values are asked for",
    answerOf({ ...LAST, messageId: null, answer: SET_ASIDE }, [], [quoting], true),
    { is: "set aside", at: AT, says: `UNREADABLE_TIMESTAMP: ${quoting.reason}` },
  ],
  [
    "hide what Segment quotes of a message",
    answerOf(LAST, [], [quoted]),
    {
      ...{ is: "refused", at: AT },
      says: "Segment refuses the message: HTTP 400 Bad Request: (hidden)",
    },
  ],
  [
    "leave the reason of an older one to the dead letters",
    answerOf({ ...LAST, messageId: null, answer: SET_ASIDE }, [], [{ ...aside, offset: 8 }]),
    SET_ASIDE,
  ],
];

for (const [title, answer, expected] of CASES)
  s(`should ${title}`, () => assert.equal(answer, expected));

s.run();
