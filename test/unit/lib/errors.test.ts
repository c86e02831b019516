import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  CdcError,
  DetailedError,
  ERROR_CODES,
  messageOf,
  messageWithDetails,
} from "../../../src/lib/errors.ts";

const s = suite("lib: errors");

s("should keep the details out of everything a logger or a terminal prints", () => {
  const error = new CdcError("INVALID_JSON", "the value is not JSON", { details: "{ada@x.io" });
  assert.is(messageOf(error), "the value is not JSON");
  assert.not.match(String(error), "ada@x.io");
  assert.not.match(error.stack ?? "", "ada@x.io");
  assert.is(messageWithDetails(error), "the value is not JSON ({ada@x.io)");
});

s("should add what is wrong to the text, and the value to the details", () => {
  const cause = new DetailedError("not an integer", { details: '"abc"' });
  const error = CdcError.from("UNREADABLE_VALUE", 'column "x"', cause);
  assert.is(error.message, 'column "x": not an integer');
  assert.is(error.details, '"abc"');
});

s("should take the text of a foreign error as details: it may quote values", () => {
  const error = CdcError.from("UNREADABLE_VALUE", 'column "x"', new Error("Unexpected token ada"));
  assert.equal([error.message, error.details], ['column "x"', "Unexpected token ada"]);
});

s("should replace control characters, and cut long texts", () => {
  const { details } = new CdcError("INVALID_JSON", "no", {
    details: `\u001b[2J${"x".repeat(9_000)}`,
  });
  assert.match(details ?? "", /^\u00b7\[2Jx/);
  assert.is(details?.length, 2_003);
});

s("should have a consequence, a meaning and an action for each code", () => {
  for (const [code, { meaning, action }] of Object.entries(ERROR_CODES)) {
    assert.match(meaning, /^[A-Z].*\.$/, code);
    assert.match(action, /^[A-Z].*\.$/, code);
    assert.is(new CdcError(code as keyof typeof ERROR_CODES, "x").code, code);
  }
});

s.run();
