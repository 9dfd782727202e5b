package dev.berth.transform.job;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSink.Upload;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.ObjectSource.ObjectAccessException;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.transform.body.Body;
import dev.berth.transform.body.Scratch;
import dev.berth.transform.body.Spool;
import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.input.InputObject;
import dev.berth.transform.processing.Processing;
import dev.berth.transform.record.Batch;
import dev.berth.transform.record.Batcher;
import dev.berth.transform.record.Splitting;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One object through an instance: read, gunzipped, split, packed, sent, and its answers written in
 * the order of the records. Reading runs ahead of the answers by so many requests as the instance's
 * window has; the requests of all objects on the instance share it, so that what is in memory does
 * not grow with their number.
 *
 * @param lane the instance's requests
 */
record ObjectTransform(
    JobSpec job,
    Splitting splitting,
    Optional<Processing> processing,
    ObjectSource source,
    ObjectSink sink,
    Scratch scratch,
    Progress progress,
    Lane lane) {

  /**
   * An instance as the objects on it see it.
   *
   * @param slots requests that may be at the containers
   * @param window requests that may be packed, at the containers, or waiting for their turn to be
   *     written
   */
  record Lane(Call call, Semaphore slots, Semaphore window) {
    static Lane of(Call call, int concurrency) {
      // Twice: the next are packed, and those that overtook wait, while the containers are busy.
      return new Lane(call, new Semaphore(concurrency, true), new Semaphore(2 * concurrency, true));
    }
  }

  /** Asks the containers. */
  @FunctionalInterface
  interface Call {
    Body answer(Body request) throws TransformFailure, InterruptedException;
  }

  /**
   * The answer to a request, ready to be written.
   *
   * @param needsLineEnd whether {@code AssembleWith=Line} puts one behind it
   */
  private record Answered(long records, Body output, boolean needsLineEnd) {}

  /**
   * What comes next in the order of the records: an answer, a failure, or, with neither, the end.
   */
  private record Item(@Nullable FutureTask<Answered> task, @Nullable Exception failure) {}

  /** The input can't be read on: worth another try, unlike input that is wrong. */
  private static final class SourceException extends IOException {
    private static final long serialVersionUID = 1L;

    SourceException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * Returns the outcome once the output is there.
   *
   * @throws TransformFailure when there is none; nothing of it is there
   */
  ObjectOutcome run(InputObject object) throws TransformFailure, InterruptedException {
    if (object.etag().isEmpty()) {
      throw TransformFailure.client("there is no object at " + object.info().uri());
    }
    try (InputStream in = opened(object);
        Upload upload = sink.begin(S3Uri.parse(object.output()), job.kmsKeyId())) {
      return transformed(object, in, upload);
    } catch (InterruptedIOException e) {
      throw interrupted(e);
    } catch (NoSuchObjectException | ObjectAccessException e) {
      throw TransformFailure.client(String.valueOf(e.getMessage()));
    } catch (NotGzipException e) {
      throw TransformFailure.client(
          "The object can't be gunzipped, as CompressionType Gzip asks: " + e.getMessage());
    } catch (SourceException e) {
      throw TransformFailure.internal("Reading broke off: " + e.getMessage());
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted(e);
      }
      throw TransformFailure.internal(String.valueOf(e.getMessage()));
    }
  }

  private static InterruptedException interrupted(IOException e) {
    var interrupted = new InterruptedException(e.getMessage());
    interrupted.initCause(e);
    return interrupted;
  }

  private InputStream opened(InputObject object) throws IOException {
    InputStream counted = new Counted(source.open(object.info()));
    return job.isGzip() && object.sizeBytes() > 0 ? new Gunzipped(counted) : counted;
  }

  private ObjectOutcome transformed(InputObject object, InputStream in, Upload upload)
      throws TransformFailure, IOException, InterruptedException {
    BlockingQueue<Item> items = new LinkedBlockingQueue<>(); // the window bounds it
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      threads.execute(() -> read(object, in, items, threads));
      ObjectOutcome outcome = written(object, items, upload);
      upload.commit();
      return outcome;
    } finally {
      threads.shutdownNow();
      threads.close();
      items.forEach(this::discard);
    }
  }

  private ObjectOutcome written(InputObject object, BlockingQueue<Item> items, Upload upload)
      throws TransformFailure, IOException, InterruptedException {
    long records = 0;
    long bytes = 0;
    while (true) {
      Item item = items.take();
      if (item.failure() != null) {
        throw rethrown(item.failure());
      }
      if (item.task() == null) {
        return ObjectOutcome.done(object, records, bytes);
      }
      try {
        Answered answered = result(item.task());
        records += answered.records();
        bytes += write(answered, upload.stream());
      } finally {
        lane.window().release();
      }
    }
  }

  private long write(Answered answered, OutputStream out) throws IOException {
    try (Body output = answered.output()) {
      output.writeTo(out);
      long bytes = output.length();
      if (answered.needsLineEnd()) {
        out.write('\n');
        bytes++;
      }
      progress.records.add(answered.records());
      progress.outputBytes.add(bytes);
      return bytes;
    }
  }

  private static Answered result(FutureTask<Answered> task)
      throws TransformFailure, IOException, InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  /** Throws what another thread has thrown; returns nothing. */
  private static RuntimeException rethrown(@Nullable Throwable failure)
      throws TransformFailure, IOException, InterruptedException {
    switch (failure) {
      case TransformFailure e -> throw e;
      case IOException e -> throw e;
      case InterruptedException e -> throw e;
      case null, default -> throw new IllegalStateException("a request failed", failure);
    }
  }

  /** Frees what nobody is going to write; all threads are over by now. */
  private void discard(Item item) {
    if (item.task() == null) {
      return;
    }
    lane.window().release();
    try {
      item.task().get().output().close();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | CancellationException _) {
      // It failed too, and holds nothing.
    }
  }

  private void read(
      InputObject object, InputStream in, BlockingQueue<Item> items, ExecutorService threads) {
    try {
      var batcher =
          new Batcher(
              in,
              splitting,
              processing.map(Processing::parsesInput).orElse(false),
              processing.map(Processing::filter).orElse(null),
              scratch);
      while (ask(object, batcher, items, threads)) {}
      items.add(new Item(null, null));
    } catch (InterruptedException | IOException | TransformFailure | RuntimeException e) {
      items.add(new Item(null, e));
    }
  }

  /** Packs a request and sends it; returns false when there are no more records. */
  private boolean ask(
      InputObject object, Batcher batcher, BlockingQueue<Item> items, ExecutorService threads)
      throws InterruptedException, IOException, TransformFailure {
    lane.window().acquire();
    boolean isSent = false;
    Batch batch = null;
    try {
      batch = batcher.next();
      if (batch == null) {
        return false;
      }
      Batch packed = batch;
      lane.slots().acquire();
      var task = new FutureTask<>(() -> answered(object, packed));
      items.add(new Item(task, null));
      isSent = true;
      try {
        threads.execute(task);
      } catch (RejectedExecutionException e) {
        task.run(); // only to release what it holds: the object is being given up
      }
      return true;
    } finally {
      if (!isSent) {
        lane.window().release();
        if (batch != null) {
          batch.close();
        }
      }
    }
  }

  private Answered answered(InputObject object, Batch batch)
      throws TransformFailure, IOException, InterruptedException {
    try (batch) {
      Body answer;
      try {
        answer = lane.call().answer(batch.sent());
      } finally {
        lane.slots().release();
      }
      progress.requests.increment();
      return output(object, batch, answer);
    } catch (TransformFailure e) {
      throw e.at(batch.place());
    }
  }

  private Answered output(InputObject object, Batch batch, Body answer)
      throws IOException, TransformFailure {
    if (processing.isEmpty()) {
      boolean needsLineEnd = job.assemblesLines() && answer.last() != '\n';
      return new Answered(batch.records(), answer, needsLineEnd);
    }
    try (answer;
        Spool processed = scratch.spool()) {
      processing.get().write(object.path(), batch, answer, processed);
      return new Answered(batch.records(), processed.body(), false);
    }
  }

  /** Counts what is read, and tells its failures from those of what reads it. */
  private final class Counted extends FilterInputStream {
    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int count = super.read(bytes, offset, length);
        progress.inputBytes.add(Math.max(0, count));
        return count;
      } catch (IOException e) {
        throw new SourceException(e);
      }
    }
  }

  /** {@code CompressionType=Gzip}: all members of the object, one after the other. */
  private static final class Gunzipped extends InputStream {
    private final InputStream compressed;
    private @Nullable InputStream plain;

    Gunzipped(InputStream compressed) {
      this.compressed = compressed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        if (plain == null) {
          plain =
              GzipCompressorInputStream.builder()
                  .setInputStream(compressed)
                  .setDecompressConcatenated(true)
                  .get();
        }
        return plain.read(bytes, offset, length);
      } catch (SourceException e) {
        throw e;
      } catch (IOException e) {
        throw new NotGzipException(e);
      }
    }

    @Override
    public void close() throws IOException {
      compressed.close();
    }
  }

  /** The object is not what CompressionType says. */
  private static final class NotGzipException extends IOException {
    private static final long serialVersionUID = 1L;

    NotGzipException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }
}
