package dev.berth.server;

import dev.berth.identity.registry.CredentialsFunctions;
import dev.berth.identity.registry.FunctionSource;
import dev.berth.runtime.docker.ImageMirror;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of what containers come from and reach.
 *
 * @param mirrors in the file's order; keys {@code image-mirrors.PATTERN}
 * @param functions who gives private registries' users and passwords; keys {@code
 *     registry-credentials.*}
 * @param subnets network of the engine by subnet's id; keys {@code vpc.subnets.ID}
 * @param roleCredentials how long issued credentials hold; key {@code role-credentials-seconds}
 */
public record ContainerSettings(
    List<ImageMirror> mirrors,
    CredentialsFunctions.Config functions,
    Map<String, String> subnets,
    Duration roleCredentials) {
  private static final String MIRRORS = "image-mirrors.";
  private static final String FUNCTIONS = "registry-credentials.functions.";
  private static final String LAMBDA = "registry-credentials.lambda-endpoint";
  private static final String TIMEOUT = "registry-credentials.timeout-seconds";
  private static final String SUBNETS = "vpc.subnets.";
  private static final String ROLES = "role-credentials-seconds";

  /** The longest session of a role that IAM allows. */
  private static final int MAX_ROLE_SECONDS = 43_200;

  private static final int MAX_TIMEOUT_SECONDS = 300;

  /** How their keys begin, for the message about a key that nobody knows. */
  static final List<String> KEYS =
      List.of(MIRRORS + "PATTERN", FUNCTIONS + "ARN", LAMBDA, TIMEOUT, SUBNETS + "ID", ROLES);

  public ContainerSettings {
    mirrors = List.copyOf(mirrors);
    subnets = Map.copyOf(subnets);
  }

  /** Returns whether {@code key} is of these settings. */
  static boolean isKey(String key) {
    return key.startsWith(MIRRORS)
        || key.startsWith(FUNCTIONS)
        || key.startsWith(SUBNETS)
        || key.equals(LAMBDA)
        || key.equals(TIMEOUT)
        || key.equals(ROLES);
  }

  /**
   * Reads them.
   *
   * @throws ConfigException naming the setting that can't be used
   */
  static ContainerSettings of(Map<String, String> settings) {
    var mirrors = new ArrayList<ImageMirror>();
    below(MIRRORS, settings).forEach((pattern, image) -> mirrors.add(mirror(pattern, image)));
    var functions = new HashMap<String, FunctionSource>();
    below(FUNCTIONS, settings).forEach((arn, source) -> functions.put(arn, source(arn, source)));
    return new ContainerSettings(
        mirrors,
        new CredentialsFunctions.Config(
            functions,
            Optional.ofNullable(settings.get(LAMBDA)).map(ContainerSettings::url),
            seconds(settings, TIMEOUT, 10, MAX_TIMEOUT_SECONDS)),
        below(SUBNETS, settings),
        seconds(settings, ROLES, 3_600, MAX_ROLE_SECONDS));
  }

  private static Map<String, String> below(String prefix, Map<String, String> settings) {
    var below = new LinkedHashMap<String, String>();
    settings.forEach((key, value) -> {
      if (key.startsWith(prefix)) {
        if (value.isBlank() || value.equals("null")) {
          throw new ConfigException("%s is not set".formatted(key));
        }
        below.put(key.substring(prefix.length()), value);
      }
    });
    return below;
  }

  private static ImageMirror mirror(String pattern, String image) {
    try {
      return new ImageMirror(pattern, image);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("%s%s: %s".formatted(MIRRORS, pattern, e.getMessage()));
    }
  }

  private static FunctionSource source(String arn, String source) {
    try {
      return FunctionSource.parse(source);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "%s%s is '%s': %s".formatted(FUNCTIONS, arn, source, e.getMessage()));
    }
  }

  private static URI url(String text) {
    try {
      if (text.matches("https?://[^/].*")) {
        return URI.create(text);
      }
    } catch (IllegalArgumentException _) {
      // Said below.
    }
    throw new ConfigException(
        "%s is '%s'; it must be an http:// or https:// URL".formatted(LAMBDA, text));
  }

  private static Duration seconds(Map<String, String> settings, String key, int usual, int max) {
    String value = settings.getOrDefault(key, Integer.toString(usual));
    try {
      int seconds = Integer.parseInt(value);
      if (seconds >= 1 && seconds <= max) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    throw new ConfigException(
        "%s is '%s'; it must be a whole number from 1 to %d".formatted(key, value, max));
  }
}
