package dev.berth.store;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sessions for reading, opened when first needed and kept with their prepared statements; the one
 * used last is used next, while its pages are warm.
 */
final class SessionPool implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final int size;
  private final Semaphore permits;
  private final ConcurrentLinkedDeque<Session> idle = new ConcurrentLinkedDeque<>();
  private final SessionSource source;
  private final Function<SQLException, StoreException> failure;
  private volatile boolean isClosed;

  /**
   * @param size most sessions at a time; more readers wait for one
   * @param failure says what the database's refusal means
   */
  SessionPool(int size, SessionSource source, Function<SQLException, StoreException> failure) {
    this.size = size;
    this.permits = new Semaphore(size);
    this.source = source;
    this.failure = failure;
  }

  /** Opens a session. */
  @FunctionalInterface
  interface SessionSource {
    Session open() throws SQLException;
  }

  /** What is read in one session. */
  @FunctionalInterface
  interface Read<T> {
    T from(Session session) throws SQLException;
  }

  <T> T read(Read<T> read) {
    acquire();
    try {
      if (isClosed) {
        throw new StoreException("the store is closed");
      }
      return readWithPermit(read);
    } catch (SQLException e) {
      throw failure.apply(e);
    } finally {
      permits.release();
    }
  }

  /** Waits for the reads under way and closes every session. */
  @Override
  public void close() {
    isClosed = true;
    permits.acquireUninterruptibly(size);
    try {
      for (Session session = idle.poll(); session != null; session = idle.poll()) {
        session.close();
      }
    } catch (SQLException e) {
      throw failure.apply(e);
    } finally {
      permits.release(size);
    }
  }

  private <T> T readWithPermit(Read<T> read) throws SQLException {
    @Nullable Session used = idle.poll();
    Session session = used == null ? source.open() : used;
    boolean isSound = false;
    try {
      T result = read.from(session);
      isSound = true;
      return result;
    } finally {
      if (isSound) {
        idle.push(session);
      } else {
        session.close();
      }
    }
  }

  private void acquire() {
    try {
      if (!permits.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new StoreException(
            "%d reads are under way and none ended within %s; try again later"
                .formatted(size, PATIENCE));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting to read", e);
    }
  }
}
