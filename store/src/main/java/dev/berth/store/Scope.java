package dev.berth.store;

/**
 * The part of a database one store sees.
 *
 * @param account 12 digits
 * @param region such as {@code us-east-1}
 */
record Scope(String account, String region) {}
