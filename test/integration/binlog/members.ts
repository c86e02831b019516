/** A table with a key of two columns. Triggers log its changes as the expected data. The SQL works on MariaDB and MySQL. */
export const TABLE = `
  CREATE TABLE members (
    org varchar(10), no bigint unsigned, name varchar(40) NOT NULL, score decimal(8,2) DEFAULT 1.50, seen_at datetime(6),
    PRIMARY KEY (org, no)
  );
  CREATE TABLE log (seq int AUTO_INCREMENT PRIMARY KEY, kind varchar(10), member varchar(40));
  CREATE TRIGGER added AFTER INSERT ON members FOR EACH ROW
    INSERT INTO log (kind, member) VALUES ('added', CONCAT(NEW.org, ' ', NEW.no));
  CREATE TRIGGER removed AFTER DELETE ON members FOR EACH ROW
    INSERT INTO log (kind, member) VALUES ('removed', CONCAT(OLD.org, ' ', OLD.no));
  CREATE TRIGGER changed AFTER UPDATE ON members FOR EACH ROW
    INSERT INTO log (kind, member)
      SELECT 'removed', CONCAT(OLD.org, ' ', OLD.no) FROM DUAL WHERE (OLD.org, OLD.no) <> (NEW.org, NEW.no)
      UNION ALL
      SELECT 'added', CONCAT(NEW.org, ' ', NEW.no) FROM DUAL WHERE (OLD.org, OLD.no) <> (NEW.org, NEW.no)
      UNION ALL
      SELECT 'changed', CONCAT(NEW.org, ' ', NEW.no) FROM DUAL WHERE (OLD.org, OLD.no) = (NEW.org, NEW.no)
        AND NOT (OLD.name <=> NEW.name AND OLD.score <=> NEW.score AND OLD.seen_at <=> NEW.seen_at);
  INSERT INTO members (org, no, name) VALUES ('a', 1, 'Ada'), ('a', 9007199254740993, 'Bob'), ('b', 1, 'Cho');`;

export const CHANGES = `
  INSERT INTO members VALUES ('b', 2, 'Dee', 2, '2026-02-01 10:00:00.123456'), ('b', 3, 'Eve', NULL, NULL);
  UPDATE members SET score = 3.00 WHERE org = 'a' AND no = 1;
  UPDATE members SET score = 3 WHERE org = 'a' AND no = 1;
  UPDATE members SET seen_at = '2026-02-02 00:00:00.5' WHERE org = 'a';
  UPDATE members SET no = 9007199254740995 WHERE no = 9007199254740993;
  DELETE FROM members WHERE org = 'b' AND no = 1;
  BEGIN;
  UPDATE members SET name = 'Dee D.' WHERE no = 2;
  UPDATE members SET name = 'Dee E.' WHERE no = 2;
  UPDATE members SET name = 'Dee', org = 'c' WHERE no = 2;
  DELETE FROM members WHERE no = 3;
  INSERT INTO members VALUES ('b', 3, 'Eve again', NULL, NULL);
  COMMIT;
  BEGIN;
  UPDATE members SET name = 'never' WHERE org = 'a';
  ROLLBACK;`;

/** No trigger runs for a TRUNCATE. */
export const TRUNCATE = `
  INSERT INTO log (kind, member) SELECT 'removed', CONCAT(org, ' ', no) FROM members;
  TRUNCATE TABLE members;`;

export const AFTERWARDS = `
  INSERT INTO members (org, no, name) VALUES ('a', 1, 'Ada II'), ('d', 1, 'Flo');
  UPDATE members SET score = -0.01 WHERE org = 'd';`;
