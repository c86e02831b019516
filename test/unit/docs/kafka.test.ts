import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changelogTopicOf } from "../../../src/kafka/changelog/changelog-topic.ts";
import { INTERNAL_TOPIC_MAX_BYTES } from "../../../src/kafka/internal-topic.ts";
import { matches, readPage } from "../../support/pages.ts";

const s = suite("docs: internal topics");

const page = readPage("docs/operations/kafka.md");

s("should have the settings with which topics are created", () => {
  assert.equal(matches(/max\.message\.bytes=(\d+)/g, page), [`${INTERNAL_TOPIC_MAX_BYTES}`]);
  const source = readPage("src/kafka/changelog/changelog-topic.ts");
  assert.equal(
    matches(/segment\.bytes=(\d+)/g, page),
    matches(/"segment\.bytes": "(\d+)"/g, source),
  );
});

s("should name the changelog topic as it is created", () => {
  assert.ok(page.includes(`\`${changelogTopicOf("<name>", "<source topic>")}\``));
});

s.run();
