import { testServer } from "./binlog/story.ts";

testServer({
  title: "MySQL",
  service: "mysql",
  sql: (stack, text) => stack.mysql.sql(text),
  connector: (stack, settings) => stack.mysqlConnector(settings),
});
