-- Schema 1, as in sqlite-1.sql. Texts that are compared or sorted have the collation "C", whose
-- order is that of their code points, as SQLite's is.

CREATE TABLE resource (
  account TEXT COLLATE "C" NOT NULL,
  region TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  name_key TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  arn TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL, -- epoch milliseconds
  modified_at BIGINT NOT NULL, -- epoch milliseconds
  status TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  document TEXT NOT NULL
);

CREATE UNIQUE INDEX resource_key ON resource (account, region, kind, name_key);
CREATE INDEX resource_by_name ON resource (account, region, kind, name, created_at);
CREATE INDEX resource_by_creation ON resource (account, region, kind, created_at, name);
CREATE INDEX resource_by_modification ON resource (account, region, kind, modified_at, name);
CREATE INDEX resource_by_status ON resource (account, region, kind, status, name, created_at);
CREATE INDEX resource_by_status_and_creation
  ON resource (account, region, kind, status, created_at, name) WHERE status <> '';

CREATE TABLE tag (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of adding
  account TEXT COLLATE "C" NOT NULL,
  region TEXT COLLATE "C" NOT NULL,
  arn TEXT COLLATE "C" NOT NULL,
  tag_key TEXT COLLATE "C" NOT NULL,
  tag_value TEXT NOT NULL,
  UNIQUE (account, region, arn, tag_key)
);

-- Who may write; a server reads it in every transaction, and the next one replaces it.
CREATE TABLE server (
  account TEXT COLLATE "C" NOT NULL,
  region TEXT COLLATE "C" NOT NULL,
  token TEXT NOT NULL,
  PRIMARY KEY (account, region)
);
