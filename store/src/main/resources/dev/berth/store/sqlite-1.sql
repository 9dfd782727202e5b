create table resource (
  account text not null,
  region text not null,
  kind text not null,
  key text not null,
  name text not null,
  id text not null,
  arn text not null,
  created_at integer not null,
  modified_at integer not null,
  status text not null,
  version integer not null,
  document text not null,
  primary key (account, region, kind, key)
);
create index resource_by_name on resource (account, region, kind, name);
create index resource_by_created on resource (account, region, kind, created_at, name);
create index resource_by_modified on resource (account, region, kind, modified_at, name);
create index resource_by_status on resource (account, region, kind, status, name);
create table tag (
  position integer primary key autoincrement,
  arn text not null,
  key text not null,
  value text not null,
  unique (arn, key)
);
