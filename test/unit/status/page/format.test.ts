import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ago,
  briefly,
  bytes,
  duration,
  percent,
  rate,
  short,
  timeOfDay,
} from "../../../../src/status/page/format.js";
import { settingsText } from "../../../../src/status/page/settings.js";

const s = suite("the status page's formats");

s("should write a duration in its two largest units", () => {
  const cases: [number | null, string][] = [
    [null, "–"],
    [0, "0 s"],
    [0.012, "12 ms"],
    [1.25, "1.3 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [3_599.7, "1 h"],
    [3_725, "1 h 2 min"],
    [86_400, "1 d"],
    [100_000, "1 d 3 h"],
  ];
  for (const [seconds, text] of cases) assert.is(duration(seconds), text, String(seconds));
  assert.equal([briefly(3_725), briefly(12), briefly(null)], ["1 h", "12 s", "–"]);
});

s("should write times relative to the clock of the response", () => {
  const now = "2026-03-01T00:00:30.000Z";
  assert.is(ago("2026-03-01T00:00:29.500Z", now), "just now");
  assert.is(ago("2026-03-01T00:00:18.900Z", now), "11 s ago");
  assert.is(ago("2026-03-01T00:00:40.000Z", now), "just now");
  assert.is(ago(null, now), "–");
  assert.is(timeOfDay("2026-03-01T00:00:18.900Z", now), "00:00:18");
  assert.is(timeOfDay("2026-02-28T23:59:59.000Z", now), "2026-02-28 23:59:59");
});

s("should write numbers exactly if there is space", () => {
  assert.equal(
    [rate(null), rate(0), rate(0.04), rate(7.36), rate(12_345.6)],
    ["–", "0", "< 0.1", "7.4", "12,346"],
  );
  assert.equal([short(999_999), short(1_234_567)], ["999,999", "1.23M"]);
  assert.equal([short(9_999, 1e4), short(123_456, 1e4)], ["9,999", "123K"]);
  assert.equal([percent(1, 3), percent(0, 0)], ["33.3 %", "–"]);
  assert.equal(
    [bytes(0), bytes(999), bytes(1_500_000), bytes(null)],
    ["0 B", "999 B", "1.5 MB", "–"],
  );
});

s("should write settings as YAML", () => {
  const settings = {
    ...{ name: "shop", kafka: { brokers: ["a:1", "b:2"], tls: false } },
    models: { users: { where: 'row.plan != "free"', topics: [], columns: {} } },
    ...{ note: "no", list: [{ a: 1 }] },
  };
  const text = `name: shop
kafka:
  brokers: ["a:1", "b:2"]
  tls: false
models:
  users:
    where: "row.plan != \\"free\\""
    topics: []
    columns: {}
note: "no"
list:
  - {"a":1}
`;
  assert.is(settingsText(settings), text);
});

s.run();
