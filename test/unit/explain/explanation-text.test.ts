import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explanationText } from "../../../src/explain/explanation-text.ts";

const test = suite("an explanation in words");

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

test("should say that a number may have been meant as a text", () => {
  assert.match(textOf("[7]"), /no partition that was looked at has it/);
  assert.match(textOf("[7]"), /or its key is a text: \["7"\]/);
  assert.match(textOf("[-1.5]"), /or its key is a text: \["-1\.5"\]/);
});

test("should say that nothing is sent only where that is known", () => {
  const said = (isDecided: boolean) =>
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
  assert.match(said(true), /→ nothing is sent/);
  assert.match(said(false), /→ what is sent is not known here/);
  assert.not.match(said(false), /nothing is sent/);
});

test("should not say so of other keys", () => {
  for (const key of ['["a"]', '["7"]', "[1,2]", "[true]"])
    assert.not.match(textOf(key), /is a text/);
});

test.run();
