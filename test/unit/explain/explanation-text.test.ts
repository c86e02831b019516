import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explanationText } from "../../../src/explain/explanation-text.ts";

const test = suite("explain: text");

/** Of a row that no partition has. */
const textOf = (key: string) =>
  explanationText(
    {
      ...{
        pipeline: "shop",
        model: "users",
        key,
        searched: ["app.public.users/0"],
        notSearched: [],
      },
      ...{ rows: [], record: null },
    },
    "shop.dead-letters",
  );

test("should suggest that a number may have been meant as a text", () => {
  assert.match(textOf("[7]"), /in none of the searched partitions/);
  assert.match(textOf("[7]"), /- its key is a text: \["7"\]/);
  assert.match(textOf("[-1.5]"), /- its key is a text: \["-1\.5"\]/);
});

test("should say that nothing is sent only where that is known", () => {
  const textWith = (isDecided: boolean) =>
    explanationText(
      {
        ...{
          pipeline: "shop",
          model: "users",
          key: "[7]",
          searched: [],
          notSearched: [],
          rows: [],
        },
        record: {
          from: { topic: "app.public.users", partition: 1, offset: 5 },
          ...{ steps: [], messages: [], isDecided },
        },
      },
      "shop.dead-letters",
    );
  assert.match(textWith(true), /→ nothing is sent/);
  assert.match(textWith(false), /→ the messages are not known here/);
  assert.not.match(textWith(false), /nothing is sent/);
});

test("should not suggest it for other keys", () => {
  for (const key of ['["a"]', '["7"]', "[1,2]", "[true]"])
    assert.not.match(textOf(key), /is a text/);
});

test.run();
