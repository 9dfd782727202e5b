package dev.berth.server;

/** A setting that can't be used; the message names its key, its value and the rule. */
public final class ConfigException extends RuntimeException {
  public ConfigException(String message) {
    super(message);
  }
}
