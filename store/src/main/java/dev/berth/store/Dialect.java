package dev.berth.store;

/** What databases say differently. */
enum Dialect {
  SQLITE,
  POSTGRESQL
}
