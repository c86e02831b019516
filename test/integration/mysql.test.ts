import { tellStory } from "./binlog/story.ts";

tellStory({
  title: "MySQL",
  wanted: "mysql",
  sql: (stack, text) => stack.mysql.sql(text),
  connector: (stack, settings) => stack.mysqlConnector(settings),
});
