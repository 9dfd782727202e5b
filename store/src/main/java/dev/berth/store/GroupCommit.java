package dev.berth.store;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes of many callers in few transactions. SQLite has one writer at a time, and a commit costs a
 * flush of the disk whatever it holds: so works queue to one thread, which runs those that wait,
 * each within a savepoint of its own, commits once, and only then tells all of them. A work that
 * fails takes nothing but its savepoint back.
 */
final class GroupCommit implements AutoCloseable {
  /** Works that may wait; many times the clients a server has at once. */
  private static final int MAX_WAITING = 4096;

  /** Works in one commit: bounds how long the first of them waits for the last. */
  private static final int MAX_GROUP = 256;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Session session;
  private final Scope scope;
  private final Function<SQLException, StoreException> failure;
  private final BlockingQueue<Job<?>> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final Job<?> last = new Job<>(_ -> "");
  private final Thread writer;
  private volatile boolean isClosed;

  /**
   * @param session the only one that writes; closed by {@link #close}
   * @param failure says what the database's refusal means
   */
  GroupCommit(Session session, Scope scope, Function<SQLException, StoreException> failure) {
    this.session = session;
    this.scope = scope;
    this.failure = failure;
    this.writer = Thread.ofPlatform().name("berth-store-writer").daemon().start(this::writeAll);
  }

  /**
   * Runs work and returns its result once it is on disk. An interrupt withdraws work that has not
   * begun; what has begun is waited for, so that the caller always knows what was kept.
   */
  <T> T write(Store.Work<T> work) {
    refuseWriter();
    var job = new Job<>(work);
    try {
      submit(job);
      job.done.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      if (job.withdraw()) {
        throw new StoreException("interrupted before the write began; nothing was written");
      }
      job.awaitUninterruptibly();
    }
    return job.result();
  }

  /** Fails when called from within a work, which would wait for itself. */
  void refuseWriter() {
    if (Thread.currentThread() == writer) {
      throw new IllegalStateException(
          "a transaction's work called the store; it must use the transaction it was given");
    }
  }

  /** Writes what was accepted, refuses what comes after, and closes the session. */
  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    boolean isInterrupted = false;
    while (true) {
      try {
        if (!writer.isAlive() || waiting.offer(last, 1, TimeUnit.SECONDS)) {
          writer.join();
          break;
        }
      } catch (InterruptedException _) {
        isInterrupted = true; // what was accepted is written all the same
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void submit(Job<?> job) throws InterruptedException {
    if (isClosed) {
      throw closed();
    }
    if (!waiting.offer(job, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new StoreException(
          "%d writes wait and none was begun within %s; try again later"
              .formatted(MAX_WAITING, PATIENCE));
    }
    if (isClosed && job.withdraw()) { // the writer may be gone and would never see it
      throw closed();
    }
  }

  private static StoreException closed() {
    return new StoreException("the store is closed; nothing was written");
  }

  private void writeAll() {
    try (session) {
      var group = new ArrayList<Job<?>>(MAX_GROUP);
      boolean isLast = false;
      while (!isLast || !waiting.isEmpty()) {
        if (waiting.isEmpty()) {
          group.add(waiting.take());
        }
        waiting.drainTo(group, MAX_GROUP - group.size());
        isLast |= group.remove(last);
        group.removeIf(job -> !job.begin());
        write(group);
        group.clear();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("only close() ends the writer", e);
    } catch (SQLException _) {
      // nothing is lost by a session that doesn't close: all was committed
    }
  }

  private void write(List<Job<?>> group) {
    if (group.isEmpty()) {
      return;
    }
    try {
      session.update("BEGIN IMMEDIATE");
      for (Job<?> job : group) {
        runInSavepoint(job);
      }
      session.update("COMMIT");
    } catch (SQLException e) {
      rollBack();
      StoreException lost = failure.apply(e);
      group.forEach(job -> job.fail(lost));
    } finally {
      group.forEach(job -> job.done.countDown());
    }
  }

  /**
   * Runs one work.
   *
   * @throws SQLException when the database gave the whole transaction up, as it does when the disk
   *     is full
   */
  private void runInSavepoint(Job<?> job) throws SQLException {
    session.update("SAVEPOINT work");
    if (!job.run(new SqlTransaction(session, scope, Dialect.SQLITE, failure))) {
      session.update("ROLLBACK TO work");
    }
    session.update("RELEASE work");
    Thread.interrupted(); // a work's interrupt is not the next one's
  }

  private void rollBack() {
    try {
      session.update("ROLLBACK");
    } catch (SQLException _) {
      // the database had rolled back by itself, and then there is no transaction to end
    }
  }

  /** A caller's work on its way through the writer. */
  private static final class Job<T> {
    private enum Phase {
      WAITING,
      BEGUN,
      WITHDRAWN
    }

    private final Store.Work<T> work;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.WAITING);

    /** Hands {@link #result} and {@link #thrown} over from the writer to the caller. */
    final CountDownLatch done = new CountDownLatch(1);

    private @Nullable T result;
    private @Nullable Throwable thrown;

    Job(Store.Work<T> work) {
      this.work = work;
    }

    boolean begin() {
      return phase.compareAndSet(Phase.WAITING, Phase.BEGUN);
    }

    boolean withdraw() {
      return phase.compareAndSet(Phase.WAITING, Phase.WITHDRAWN);
    }

    /** Runs the work; returns whether it is to be kept. */
    @SuppressWarnings("CatchingUnchecked") // whatever a work throws is its caller's
    boolean run(SqlTransaction transaction) {
      try {
        result = transaction.run(work);
        return true;
      } catch (Throwable e) {
        thrown = e;
        return false;
      }
    }

    /** Fails the job, unless its own work did already. */
    void fail(StoreException lost) {
      if (thrown == null) {
        thrown = lost;
      }
    }

    void awaitUninterruptibly() {
      boolean isInterrupted = false;
      while (done.getCount() > 0) {
        try {
          done.await();
        } catch (InterruptedException _) {
          isInterrupted = true;
        }
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @SuppressWarnings("NullAway") // a result is null only where T may be
    T result() {
      return switch (thrown) {
        case null -> result;
        case Error error -> throw error;
        case RuntimeException exception -> throw exception;
        case Throwable other -> throw new IllegalStateException(other);
      };
    }
  }
}
