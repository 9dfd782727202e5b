package dev.berth.store;

import dev.berth.store.Rows.Scope;
import dev.berth.store.Store.Work;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that writes for all. What waits when it comes round is done in one SQLite transaction,
 * each caller's work within a savepoint of its own, and acknowledged after the one commit: the disk
 * is asked to keep it once for all of them. A caller whose work throws loses only that work.
 */
final class GroupCommit implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);

  /** Writes that may wait; when full, callers wait to be let in. */
  private static final int QUEUE = 1024;

  private static final int MAX_GROUP = 256;
  private static final long CLOSE_SECONDS = 30;

  private final Connection connection;
  private final Scope scope;
  private final Path file;
  private final BlockingQueue<Job<?>> jobs = new ArrayBlockingQueue<>(QUEUE);
  private final Thread thread;
  private volatile boolean isClosed;

  GroupCommit(Connection connection, Scope scope, Path file) throws SQLException {
    this.connection = connection;
    this.scope = scope;
    this.file = file;
    connection.setAutoCommit(false);
    this.thread = Thread.ofPlatform().daemon().name("store-writer").start(this::run);
  }

  /** One caller's work and its outcome, which is told after the commit. */
  private static final class Job<T> {
    private final Work<T> work;
    private final CompletableFuture<T> done = new CompletableFuture<>();
    private @Nullable T result;
    private @Nullable Throwable failure;

    Job(Work<T> work) {
      this.work = work;
    }

    void run(Transaction transaction) {
      result = work.run(transaction);
    }

    @SuppressWarnings("NullAway") // a work's null result is its caller's business
    void tell() {
      if (failure != null) {
        done.completeExceptionally(failure);
      } else {
        done.complete(result);
      }
    }
  }

  <T> T write(Work<T> work) {
    var job = new Job<T>(work);
    if (isClosed) {
      throw closed();
    }
    try {
      jobs.put(job);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted before the write began", e);
    }
    if (isClosed && !thread.isAlive()) {
      throw closed();
    }
    try {
      return job.done.join();
    } catch (CompletionException e) {
      throw rethrown(e.getCause() == null ? e : e.getCause());
    }
  }

  @Override
  public void close() {
    isClosed = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SQLException e) {
      LOG.warn("closing {} failed", file, e);
    }
  }

  private void run() {
    var group = new ArrayList<Job<?>>();
    try (Handle handle = Jdbi.create(connection).open()) {
      while (!isClosed || !jobs.isEmpty()) {
        try {
          group.add(jobs.take());
        } catch (InterruptedException _) {
          continue;
        }
        jobs.drainTo(group, MAX_GROUP - 1);
        commit(handle, group);
        group.forEach(Job::tell);
        group.clear();
      }
    }
  }

  private void commit(Handle handle, List<Job<?>> group) {
    try {
      for (Job<?> job : group) {
        inSavepoint(handle, job);
      }
      connection.commit();
    } catch (SQLException e) {
      rollback();
      var failure =
          new StoreException(
              "%s can't be written: %s. Nothing of this request was kept; free some disk space or repair the disk and try again"
                  .formatted(file, e.getMessage()),
              e);
      group.forEach(job -> job.failure = failure);
    }
  }

  private void inSavepoint(Handle handle, Job<?> job) throws SQLException {
    Savepoint savepoint = connection.setSavepoint();
    try {
      job.run(new SqlTransaction(handle, scope));
      connection.releaseSavepoint(savepoint);
    } catch (org.jdbi.v3.core.JdbiException e) {
      // The database itself failed: what is in this group can't be trusted to be there.
      throw new SQLException(e.getCause() == null ? e : e.getCause());
    } catch (RuntimeException | Error e) {
      job.failure = e;
      connection.rollback(savepoint);
    }
  }

  private void rollback() {
    try {
      connection.rollback();
    } catch (SQLException e) {
      LOG.error("rolling back {} failed", file, e);
    }
  }

  private StoreException closed() {
    return new StoreException("%s is closed".formatted(file));
  }

  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException exception
        ? exception
        : new StoreException("write failed", failure);
  }
}
