package dev.berth.server;

import dev.berth.gateway.GatewayConfig.PipelineAccept;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * The server's settings. A bad or unknown one fails the start, by name.
 *
 * @param host address to listen on; key {@code host}
 * @param port TCP port, 0 for any free one; key {@code port}
 * @param dataDirectory everything that survives a restart, but for what {@code postgres} has; key
 *     {@code data-dir}
 * @param postgres where models, configs, endpoints and tags are kept in place of SQLite in the data
 *     folder; key {@code store}
 * @param runtime which runtime runs the models, such as {@code embedded}; key {@code runtime}
 * @param auth {@code open}: any credentials are accepted; key {@code auth}
 * @param region the region that ARNs carry and that clients must sign for; key {@code region}
 * @param account twelve digits; key {@code account}
 * @param maxPayloadBytes largest InvokeEndpoint body, in bytes; key {@code max-payload-bytes}
 * @param containerMaxConcurrency most invocations that one container has at a time; key {@code
 *     container-max-concurrency}
 * @param pipelineAccept which containers of a pipeline get the client's {@code Accept}; key {@code
 *     pipeline-accept}
 * @param artifactCacheBytes budget of staged model artifacts on disk, in bytes; key {@code
 *     artifact-cache-bytes}
 * @param multiModelMemoryBytes memory for the models that multi-model endpoints have loaded in this
 *     process, in bytes; three fifths of the heap when not set; key {@code
 *     multi-model-memory-bytes}
 * @param externalS3 another S3 than the embedded one; keys {@code s3.*}
 * @param containers what containers come from and reach; several keys
 */
public record ServerConfig(
    String host,
    int port,
    Path dataDirectory,
    Optional<Postgres> postgres,
    String runtime,
    String auth,
    String region,
    String account,
    int maxPayloadBytes,
    int containerMaxConcurrency,
    PipelineAccept pipelineAccept,
    long artifactCacheBytes,
    OptionalLong multiModelMemoryBytes,
    Optional<S3> externalS3,
    ContainerSettings containers) {

  /** The key that allows open mode on other than loopback addresses. */
  public static final String ALLOW_OPEN = "allow-open-non-loopback";

  public static final int DEFAULT_PORT = 23784;

  private static final int MEBIBYTE = 1024 * 1024;

  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("host", "127.0.0.1"),
          Map.entry("port", Integer.toString(DEFAULT_PORT)),
          Map.entry("data-dir", defaultDataDirectory()),
          Map.entry("store", "sqlite"),
          Map.entry("runtime", "auto"),
          Map.entry("auth", "open"),
          Map.entry("region", "us-east-1"),
          Map.entry("account", "000000000000"),
          Map.entry(ALLOW_OPEN, "false"),
          Map.entry("max-payload-bytes", Integer.toString(25 * MEBIBYTE)),
          Map.entry("container-max-concurrency", "1000"),
          Map.entry("pipeline-accept", "last"),
          Map.entry("artifact-cache-bytes", Long.toString(50L * 1024 * MEBIBYTE)));

  private static final Set<String> S3_KEYS =
      Set.of(
          "s3.endpoint", "s3.region", "s3.access-key-id", "s3.secret-access-key", "s3.path-style");

  private static final String MULTI_MODEL_MEMORY = "multi-model-memory-bytes";

  /** Host and database are there; user and password, where they are, are parameters. */
  private static final Pattern POSTGRES_URL =
      Pattern.compile("jdbc:postgresql://[^/?@\\s]*/[^/?@\\s]+(\\?\\S*)?");

  /**
   * A PostgreSQL database.
   *
   * @param url with user and password, where they are in it; the text of this record is without
   */
  public record Postgres(String url) {
    @Override
    public String toString() {
      return "Postgres[url=%s]".formatted(url.replaceFirst("\\?.*", ""));
    }
  }

  /**
   * An S3 outside of Berth.
   *
   * @param endpoint base URL; key {@code s3.endpoint}
   * @param region key {@code s3.region}
   * @param accessKeyId key {@code s3.access-key-id}
   * @param secretAccessKey key {@code s3.secret-access-key}
   * @param isPathStyle whether buckets go into the path instead of the host; key {@code
   *     s3.path-style}
   */
  public record S3(
      URI endpoint,
      String region,
      String accessKeyId,
      String secretAccessKey,
      boolean isPathStyle) {
    @Override
    public String toString() {
      return "S3[endpoint=%s, region=%s, accessKeyId=%s]".formatted(endpoint, region, accessKeyId);
    }
  }

  /**
   * Returns the settings of a file, with {@code overrides} going before it.
   *
   * @param yaml settings file, nested keys or dotted ones
   * @param overrides settings by key, as on the command line
   * @throws ConfigException naming the setting that can't be used
   */
  public static ServerConfig load(Optional<Path> yaml, Map<String, String> overrides) {
    var settings = new LinkedHashMap<>(DEFAULTS);
    yaml.ifPresent(file -> settings.putAll(read(file)));
    settings.putAll(overrides);
    var unknown = new TreeSet<>(settings.keySet());
    unknown.removeAll(DEFAULTS.keySet());
    unknown.removeAll(S3_KEYS);
    unknown.remove(MULTI_MODEL_MEMORY);
    unknown.removeIf(ContainerSettings::isKey);
    if (!unknown.isEmpty()) {
      var known = new TreeSet<>(DEFAULTS.keySet());
      known.addAll(S3_KEYS);
      known.add(MULTI_MODEL_MEMORY);
      known.addAll(ContainerSettings.KEYS);
      throw new ConfigException(
          "unknown setting %s; known are %s"
              .formatted(String.join(", ", unknown), String.join(", ", known)));
    }
    return of(settings);
  }

  private static ServerConfig of(Map<String, String> settings) {
    String runtime = oneOf(settings, "runtime", Set.of("auto", "embedded", "docker", "kubernetes"));
    if (runtime.equals("kubernetes")) {
      throw new ConfigException(
          "runtime is 'kubernetes', which this Berth does not have yet; use 'auto', 'embedded' or 'docker'");
    }
    String auth = oneOf(settings, "auth", Set.of("open", "enforced"));
    if (auth.equals("enforced")) {
      throw new ConfigException(
          "auth is 'enforced', which this Berth does not have yet; use 'open' on a loopback address");
    }
    String host = value(settings, "host");
    boolean isAllowed = flag(settings, ALLOW_OPEN);
    if (!isAllowed && !isLoopback(host)) {
      throw new ConfigException(
          "host is '%s', which others can reach, and auth is 'open', which lets anyone in; use a loopback address, or set %s if the network keeps others out"
              .formatted(host, ALLOW_OPEN));
    }
    return new ServerConfig(
        host,
        (int) number(settings, "port", 0, 65_535),
        Path.of(value(settings, "data-dir")).toAbsolutePath().normalize(),
        postgres(settings),
        runtime,
        auth,
        matching(settings, "region", "[a-z]{2}(-[a-z]+)+-\\d"),
        matching(settings, "account", "\\d{12}"),
        (int) number(settings, "max-payload-bytes", 1, Integer.MAX_VALUE),
        (int) number(settings, "container-max-concurrency", 1, Integer.MAX_VALUE),
        PipelineAccept.valueOf(
            oneOf(settings, "pipeline-accept", Set.of("last", "all")).toUpperCase(Locale.ROOT)),
        number(settings, "artifact-cache-bytes", 1, Long.MAX_VALUE),
        settings.containsKey(MULTI_MODEL_MEMORY)
            ? OptionalLong.of(number(settings, MULTI_MODEL_MEMORY, 1, Long.MAX_VALUE))
            : OptionalLong.empty(),
        s3(settings),
        ContainerSettings.of(settings));
  }

  private static Optional<Postgres> postgres(Map<String, String> settings) {
    String store = value(settings, "store");
    if (store.equals("sqlite")) {
      return Optional.empty();
    }
    if (!POSTGRES_URL.matcher(store).matches()) {
      throw new ConfigException(
          "store is neither 'sqlite' nor like jdbc:postgresql://HOST:PORT/DATABASE?user=USER&password=PASSWORD (it isn't shown, as it may hold a password)");
    }
    return Optional.of(new Postgres(store));
  }

  private static Optional<S3> s3(Map<String, String> settings) {
    if (!settings.containsKey("s3.endpoint")) {
      for (String key : S3_KEYS) {
        if (settings.containsKey(key)) {
          throw new ConfigException("%s is set but s3.endpoint is not".formatted(key));
        }
      }
      return Optional.empty();
    }
    String endpoint = value(settings, "s3.endpoint");
    if (!endpoint.startsWith("http://") && !endpoint.startsWith("https://")) {
      throw new ConfigException(
          "s3.endpoint is '%s'; it must be an http:// or https:// URL".formatted(endpoint));
    }
    try {
      return Optional.of(
          new S3(
              URI.create(endpoint),
              settings.getOrDefault("s3.region", value(settings, "region")),
              value(settings, "s3.access-key-id"),
              value(settings, "s3.secret-access-key"),
              !settings.containsKey("s3.path-style") || flag(settings, "s3.path-style")));
    } catch (IllegalArgumentException e) {
      throw new ConfigException("s3.endpoint is '%s': %s".formatted(endpoint, e.getMessage()));
    }
  }

  private static Map<String, String> read(Path file) {
    var settings = new LinkedHashMap<String, String>();
    try (Reader reader = Files.newBufferedReader(file)) {
      Object root = plainYaml().load(reader);
      if (root == null) {
        return settings;
      }
      if (!(root instanceof Map<?, ?> map)) {
        throw new ConfigException("%s is not a map of settings".formatted(file));
      }
      flatten("", map, settings);
      return settings;
    } catch (MarkedYAMLException e) {
      // its message repeats the line, in which may be a password
      throw new ConfigException(
          "%s is not YAML: %s in line %d"
              .formatted(file, e.getProblem(), e.getProblemMark().getLine() + 1));
    } catch (YAMLException e) {
      throw new ConfigException("%s is not YAML: %s".formatted(file, e.getMessage()));
    } catch (IOException e) {
      throw new ConfigException("can't read settings file %s: %s".formatted(file, e));
    }
  }

  /** Reads every scalar as the text it is: an account id is not a number, least of all octal. */
  private static Yaml plainYaml() {
    var loading = new LoaderOptions();
    var dumping = new DumperOptions();
    var plain =
        new Resolver() {
          @Override
          protected void addImplicitResolvers() {}
        };
    return new Yaml(
        new SafeConstructor(loading), new Representer(dumping), dumping, loading, plain);
  }

  private static void flatten(String prefix, Map<?, ?> map, Map<String, String> settings) {
    map.forEach((key, value) -> {
      if (value instanceof Map<?, ?> nested) {
        flatten(prefix + key + ".", nested, settings);
      } else {
        settings.put(prefix + key, String.valueOf(value));
      }
    });
  }

  private static String value(Map<String, String> settings, String key) {
    String value = settings.get(key);
    if (value == null || value.isBlank()) {
      throw new ConfigException("%s is not set".formatted(key));
    }
    return value;
  }

  private static String oneOf(Map<String, String> settings, String key, Set<String> allowed) {
    String value = value(settings, key);
    if (!allowed.contains(value)) {
      throw new ConfigException(
          "%s is '%s'; it must be one of %s"
              .formatted(key, value, String.join(", ", new TreeSet<>(allowed))));
    }
    return value;
  }

  private static String matching(Map<String, String> settings, String key, String pattern) {
    String value = value(settings, key);
    if (!value.matches(pattern)) {
      throw new ConfigException("%s is '%s'; it must match %s".formatted(key, value, pattern));
    }
    return value;
  }

  private static long number(Map<String, String> settings, String key, long min, long max) {
    String value = value(settings, key);
    try {
      long number = Long.parseLong(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    throw new ConfigException(
        "%s is '%s'; it must be a whole number from %d to %d".formatted(key, value, min, max));
  }

  private static boolean flag(Map<String, String> settings, String key) {
    return oneOf(settings, key, Set.of("true", "false")).equals("true");
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new ConfigException("host is '%s', which is not an address here".formatted(host));
    }
  }

  private static String defaultDataDirectory() {
    return Path.of(System.getProperty("user.home", "."), ".berth").toString();
  }
}
