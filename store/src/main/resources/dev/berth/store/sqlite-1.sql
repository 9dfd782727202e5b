-- Schema 1. name_key is the name in lower case: who a resource is. name is how it was written.
-- Each list order is one index, so that a page costs the same at ten resources and at a million;
-- an order's index ends with what filters look at, so that rows passed over are never fetched.

CREATE TABLE resource (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  kind TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  arn TEXT NOT NULL,
  created_at INTEGER NOT NULL, -- epoch milliseconds
  modified_at INTEGER NOT NULL, -- epoch milliseconds
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX resource_key ON resource (account, region, kind, name_key);
CREATE INDEX resource_by_name ON resource (account, region, kind, name, created_at);
CREATE INDEX resource_by_creation ON resource (account, region, kind, created_at, name);
CREATE INDEX resource_by_modification ON resource (account, region, kind, modified_at, name);
CREATE INDEX resource_by_status ON resource (account, region, kind, status, name, created_at);
CREATE INDEX resource_by_status_and_creation
  ON resource (account, region, kind, status, created_at, name) WHERE status <> '';

CREATE TABLE tag (
  seq INTEGER PRIMARY KEY, -- order of adding
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  arn TEXT NOT NULL,
  tag_key TEXT NOT NULL,
  tag_value TEXT NOT NULL,
  UNIQUE (account, region, arn, tag_key)
) STRICT;
