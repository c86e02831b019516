import { testServer } from "./binlog/story.ts";

testServer({
  title: "MariaDB",
  service: "mariadb",
  sql: (stack, text) => stack.mariadb.sql(text),
  connector: (stack, settings) => stack.mariadbConnector(settings),
});
