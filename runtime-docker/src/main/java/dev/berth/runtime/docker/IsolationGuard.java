package dev.berth.runtime.docker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps isolated containers from this machine. The engine's internal networks forward nothing, but
 * their bridges are this machine's interfaces, and whoever is on one reaches all that listens here
 * on any address. So packets that come in from the bridges of isolated networks, which have names
 * of their own, are dropped unless they answer to a connection that was opened from here. One rule
 * holds for all bridges to come, and is there before the first is made; it stays, as containers
 * outlive Berth, and touches nothing else. Many threads at a time.
 */
final class IsolationGuard {
  private static final Logger log = LoggerFactory.getLogger(IsolationGuard.class);

  private static final int MAX_INTERFACE_NAME = 15;

  /** How the bridges' names begin. */
  private static final String BRIDGE_PREFIX = "berth-";

  private static final int PATIENCE_SECONDS = 20;

  /** Comes before the table in which firewalls accept and drop: nothing they accept gets by. */
  private static final String TABLE = "mangle";

  private static final List<String> FAMILIES = List.of("iptables", "ip6tables");

  private static final Path IPV6 = Path.of("/proc/net/if_inet6");

  private final String bridgePrefix;
  private final Duration interval;
  private final List<String> rule;
  private final Commands commands;

  /** Runs a command of this machine; returns its exit code and what it wrote. */
  @FunctionalInterface
  interface Commands {
    Result run(List<String> command) throws IOException, InterruptedException;

    /** How a command ended. */
    record Result(int exitCode, String output) {}
  }

  IsolationGuard() {
    this(BRIDGE_PREFIX, Duration.ofSeconds(10), IsolationGuard::run);
  }

  /**
   * @param interval between two looks whether the rule is still there
   */
  IsolationGuard(String bridgePrefix, Duration interval, Commands commands) {
    this.bridgePrefix = bridgePrefix;
    this.interval = interval;
    this.commands = commands;
    this.rule =
        List.of(
            "INPUT",
            "-i",
            bridgePrefix + "+",
            "-m",
            "conntrack",
            "!",
            "--ctstate",
            "ESTABLISHED,RELATED",
            "-j",
            "DROP");
  }

  /**
   * Sees that the rule is there; returns why it can't be, empty when it is. What others did to the
   * firewall since is undone.
   */
  synchronized Optional<String> ensure() throws InterruptedException {
    for (String family : FAMILIES) {
      if (family.equals("ip6tables") && !Files.exists(IPV6)) {
        continue; // nobody here speaks it
      }
      Optional<String> obstacle = ensure(family);
      if (obstacle.isPresent()) {
        return obstacle;
      }
    }
    return Optional.empty();
  }

  /** Returns whether the rule is there, or could be made; changes nothing. */
  Optional<String> obstacle() throws InterruptedException {
    try {
      // The list of a chain takes the same rights as a change of it.
      Commands.Result list =
          commands.run(List.of(FAMILIES.getFirst(), "-w", "-t", TABLE, "-S", "INPUT"));
      return list.exitCode() == 0 ? Optional.empty() : Optional.of(refused(list));
    } catch (IOException e) {
      return Optional.of(missing(FAMILIES.getFirst(), e));
    }
  }

  /** Returns the name of the bridge of a network: within 15 characters, and the guard's. */
  String bridge(String network) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(network.getBytes(StandardCharsets.UTF_8));
      int room = MAX_INTERFACE_NAME - bridgePrefix.length();
      return bridgePrefix + HexFormat.of().formatHex(digest).substring(0, room);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Between two looks whether the rule is still there. */
  Duration interval() {
    return interval;
  }

  private Optional<String> ensure(String family) throws InterruptedException {
    try {
      if (commands.run(command(family, "-C")).exitCode() == 0) {
        return Optional.empty();
      }
      Commands.Result made = commands.run(command(family, "-I"));
      if (made.exitCode() != 0) {
        return Optional.of(refused(made));
      }
      log.info("made the rule that isolates containers: {}", command(family, "-I"));
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(missing(family, e));
    }
  }

  private List<String> command(String family, String action) {
    var command = new ArrayList<>(List.of(family, "-w", "-t", TABLE, action));
    command.addAll(rule);
    return command;
  }

  private static String refused(Commands.Result result) {
    return "the firewall rule that keeps containers from this machine can't be made: "
        + Words.tail(result.output().strip().replaceAll("\\s*\\n\\s*", "; "), 200);
  }

  private static String missing(String family, IOException e) {
    return "%s can't be run: %s".formatted(family, e.getMessage());
  }

  static Commands.Result run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("no end within %d s".formatted(PATIENCE_SECONDS));
      }
      return new Commands.Result(process.exitValue(), output);
    } finally {
      process.destroyForcibly();
    }
  }
}
