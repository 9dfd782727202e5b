package dev.berth.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A real PostgreSQL of this machine on a free port, in a folder of its own. It refuses to run as
 * root, so root runs it as the user {@code postgres}, whom Debian's package makes.
 */
final class PostgresServer implements AutoCloseable {
  private static final Path DEBIANS = Path.of("/usr/lib/postgresql");

  private final Path folder;
  private final Path binaries;
  private final int port;
  private final AtomicInteger databases = new AtomicInteger();

  private PostgresServer(Path folder, Path binaries, int port) {
    this.folder = folder;
    this.binaries = binaries;
    this.port = port;
  }

  /** Starts a server, or skips the tests where PostgreSQL is not installed. */
  static PostgresServer start() throws IOException {
    Optional<Path> binaries = binaries();
    assumeThat(binaries)
        .as("PostgreSQL's server under %s (apt-get install postgresql)", DEBIANS)
        .isPresent();
    Path folder = Files.createTempDirectory(Path.of("/tmp"), "berth-postgres-");
    own(folder);
    if (isRoot()) {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
    }
    var server = new PostgresServer(folder, binaries.orElseThrow(), freePort());
    server.run("initdb", "--auth=trust", "--username=berth", "--no-sync", "-D", server.data());
    server.run(
        "pg_ctl",
        "start",
        "--wait",
        "-D",
        server.data(),
        "-l",
        folder.resolve("log").toString(),
        "-o",
        "-p %d -h 127.0.0.1 -k %s -c fsync=off".formatted(server.port, folder));
    return server;
  }

  /** Says whose it is, for {@code bin/clear-killed-tests.sh}. */
  private static void own(Path folder) throws IOException {
    new ProcessBuilder(
            Path.of("../bin/clear-killed-tests.sh").toAbsolutePath().normalize().toString(),
            "--owner",
            Long.toString(ProcessHandle.current().pid()))
        .redirectOutput(folder.resolve("owner").toFile())
        .start()
        .onExit()
        .join();
  }

  /** Makes an empty database and returns its URL. */
  String database() throws SQLException {
    String name = "berth_" + databases.incrementAndGet();
    execute(url("postgres"), "CREATE DATABASE " + name);
    return url(name);
  }

  /** Returns the URL of a database, there or not. */
  String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s?user=berth".formatted(port, database);
  }

  static void execute(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Returns the first column of a query's first row. */
  static String first(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  @Override
  public void close() throws IOException {
    run("pg_ctl", "stop", "--wait", "--mode=immediate", "-D", data());
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private String data() {
    return folder.resolve("data").toString();
  }

  private void run(String binary, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(binaries.resolve(binary).toString());
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile("berth-postgres-", ".out");
    try {
      // to a file: the server inherits it, and a pipe would never end
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      int exit = process.onExit().orTimeout(60, TimeUnit.SECONDS).join().exitValue();
      if (exit != 0) {
        throw new IOException(binary + " failed: " + Files.readString(output, UTF_8));
      }
    } finally {
      Files.delete(output);
    }
  }

  private static Optional<Path> binaries() throws IOException {
    if (!Files.isDirectory(DEBIANS)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(DEBIANS)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.naturalOrder());
    }
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
