import { tellStory } from "./binlog/story.ts";

tellStory({
  title: "MariaDB",
  wanted: "mariadb",
  sql: (stack, text) => stack.mariadb.sql(text),
  connector: (stack, settings) => stack.mariadbConnector(settings),
});
