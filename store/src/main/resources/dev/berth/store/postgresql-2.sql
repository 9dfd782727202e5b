-- Schema 2: what a resource is a part of, such as the group of a model package version.

ALTER TABLE resource ADD COLUMN parent TEXT COLLATE "C" NOT NULL DEFAULT '';

CREATE INDEX resource_by_parent
  ON resource (account, region, kind, parent, name, status, created_at) WHERE parent <> '';
CREATE INDEX resource_by_parent_and_creation
  ON resource (account, region, kind, parent, created_at, name, status) WHERE parent <> '';
