import { suite } from "uvu";
import * as assert from "uvu/assert";
import { identifiersOf } from "../support/source-tokens.ts";
import { bannedIn, bannedPart, TEXTS, violationsOf } from "../support/words.ts";

const words = suite("the vocabulary of the repository");

words("should be the field's in every text and identifier", () => {
  const found = TEXTS.flatMap(violationsOf);
  assert.is(found.slice(0, 40).join("\n"), "", `${found.length} banned words`);
});

words("should find a planted word, with the term to use", () => {
  assert.equal(bannedIn("Nobody is told of a letter; a dead letter is fine"), [
    "Nobody: write no process, no one",
    "told: write sent, reported, `LastMessage`",
    "letter: write control message, dead letter",
  ]);
  assert.equal(bannedIn("a gateway mentions planes and deadLetters"), []);
  assert.is(bannedPart("lookAhead"), "state view, lookup");
  assert.is(bannedPart("lookup"), undefined);
  assert.is(bannedPart("deadLetterTopic"), undefined);
  assert.is(bannedPart("letterTopic"), "control message, dead letter");
});

words("should read identifiers, not texts", () => {
  const source = 'const x = `at ${atHome + "look"} look`; // place\nif (/at/.test(y)) z.at(-1);';
  assert.equal(
    identifiersOf(source).map(({ name, line, isMember }) => [name, line, isMember]),
    [
      ["const", 1, false],
      ["x", 1, false],
      ["atHome", 1, false],
      ["if", 2, false],
      ["test", 2, true],
      ["y", 2, false],
      ["z", 2, false],
      ["at", 2, true],
    ],
  );
});

words.run();
