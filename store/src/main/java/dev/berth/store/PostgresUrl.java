package dev.berth.store;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Where a PostgreSQL database is and who asks; {@link #toString} leaves out the parameters, among
 * which may be a password.
 */
final class PostgresUrl {
  /** Kept, as the system forgets a logger's level together with the logger. */
  private static final Logger DRIVERS_LOG = Logger.getLogger("org.postgresql");

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** Longer than any statement of ours takes; after it the connection is given up. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);

  /**
   * Has the database notice within 25 seconds that our machine is gone, and free what we held; left
   * to itself it takes hours.
   */
  static final String NOTICE_OUR_DEATH =
      "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

  private final String value;
  private final Driver driver;

  /**
   * Takes a URL that the driver understands.
   *
   * @throws StoreException when it doesn't; the message has nothing of the URL
   */
  PostgresUrl(String value) {
    DRIVERS_LOG.setLevel(Level.OFF); // it writes URLs that it can't parse, password and all
    try {
      this.driver = DriverManager.getDriver(value);
    } catch (SQLException _) { // no driver takes it
      throw new StoreException(
          "the PostgreSQL URL can't be understood (it isn't shown, as it may hold a password);"
              + " it has the form jdbc:postgresql://HOST:PORT/DATABASE?user=USER&password=PASSWORD,"
              + " where % is written %25, & is %26 and + is %2B");
    }
    this.value = value;
  }

  /** Returns all of the URL. */
  String value() {
    return value;
  }

  /** Returns what goes with the URL where it doesn't say otherwise. */
  static Properties properties(String applicationName) {
    var properties = new Properties();
    properties.setProperty("ApplicationName", applicationName);
    properties.setProperty("connectTimeout", Long.toString(CONNECT_TIMEOUT.toSeconds()));
    properties.setProperty("loginTimeout", Long.toString(CONNECT_TIMEOUT.toSeconds()));
    properties.setProperty("socketTimeout", Long.toString(ANSWER_TIMEOUT.toSeconds()));
    properties.setProperty("tcpKeepAlive", "true");
    return properties;
  }

  /** Returns a new connection; each statement is a transaction. */
  Connection connect(String applicationName) throws SQLException {
    Connection connection = driver.connect(value, properties(applicationName));
    if (connection == null) {
      throw new IllegalStateException("not the driver's URL: " + this); // was checked when made
    }
    try (var statement = connection.createStatement()) {
      statement.execute(NOTICE_OUR_DEATH);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public String toString() {
    return value.replaceFirst("(?s)\\?.*", "").replaceFirst("//[^/]*@", "//");
  }
}
