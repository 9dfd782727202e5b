package dev.berth.transform.record;

import dev.berth.transform.body.Body;
import dev.berth.transform.body.Scratch;
import dev.berth.transform.body.Spool;
import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.failure.TransformFailure.Place;
import dev.berth.transform.record.RecordReader.Slice;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Packs an object's records into requests, in order: as many as fit, or one each. Lines are joined
 * by the line ends they have, without the last one's; binary records keep their framing when they
 * are packed and lose it when they are sent one by one (API Reference, TransformInput, SplitType).
 * What counts against the limit are the records as they are in the object, before {@code
 * InputFilter}. One thread at a time.
 */
public final class Batcher {
  private static final byte[] NOTHING = {};
  private static final int COPY_BYTES = 1 << 16;

  private final InputStream in;
  private final Splitting splitting;
  private final @Nullable RecordFilter filter;
  private final Scratch scratch;
  private final @Nullable RecordReader reader;
  private boolean isPending;
  private boolean isDone;
  private long record;
  private long offset;

  /** The last request's, which is what the next one's will be near. */
  private long expectedBytes;

  private long expectedSentBytes;

  /**
   * Makes one of an object's uncompressed bytes, which the caller closes.
   *
   * @param isParsed whether records are filtered or joined, so that they are needed one by one
   */
  public Batcher(
      InputStream in,
      Splitting splitting,
      boolean isParsed,
      @Nullable RecordFilter filter,
      Scratch scratch) {
    this.in = in;
    this.splitting = splitting;
    this.filter = filter;
    this.scratch = scratch;
    this.reader =
        splitting.type() == Splitting.Type.NONE && !isParsed ? null : splitting.reader(in);
  }

  /**
   * Returns the next request, null after the last; the caller closes it.
   *
   * @throws TransformFailure when the object can't be split, or a record is too long
   * @throws IOException when the source or this machine fails
   */
  public @Nullable Batch next() throws IOException, TransformFailure {
    if (isDone) {
      return null;
    }
    if (reader == null) {
      isDone = true;
      return whole();
    }
    if (!isPending && !read(reader)) {
      return null;
    }
    return packed(reader);
  }

  private boolean read(RecordReader from) throws IOException, TransformFailure {
    try {
      isPending = from.next();
    } catch (TransformFailure e) {
      isDone = true;
      throw e.at(new Place(record, record, offset, offset));
    }
    isDone = !isPending;
    return isPending;
  }

  private @Nullable Batch whole() throws IOException, TransformFailure {
    try (Spool spool = scratch.spool()) {
      byte[] buffer = new byte[COPY_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        spool.write(buffer, 0, count);
        if (spool.length() > splitting.maxBytes()) {
          throw TransformFailure.client(
              "Too much data for max payload size: the object is longer than %d bytes; raise MaxPayloadInMB, or set SplitType"
                  .formatted(splitting.maxBytes()));
        }
      }
      if (spool.length() == 0) {
        return null;
      }
      long length = spool.length();
      Body body = spool.body();
      return new Batch(body, body, NOTHING, new Place(0, 0, 0, length));
    }
  }

  private Batch packed(RecordReader from) throws IOException, TransformFailure {
    long firstRecord = record;
    long firstByte = offset;
    boolean isLine = splitting.type() == Splitting.Type.LINE;
    boolean isFramed = !isLine && !splitting.isSingle();
    byte[] end = NOTHING;
    byte[] sentEnd = NOTHING;
    try (Spool input = scratch.spool(expectedBytes);
        Spool sent = scratch.spool(expectedSentBytes)) {
      do {
        Slice content = isFramed ? from.raw() : from.content();
        if (content.length() > splitting.maxBytes()) {
          throw Window.tooLong(splitting.maxBytes())
              .at(new Place(record, record, offset, offset + from.raw().length()));
        }
        if (input.length() + end.length + content.length() > splitting.maxBytes()) {
          break; // it opens the next one; nothing of this one is empty
        }
        long records = 1;
        if (!splitting.isSingle() && filter == null) {
          records += from.extend(splitting.maxBytes() - input.length() - end.length);
          content = isFramed ? from.raw() : from.content();
        }
        input.write(end);
        input.write(content.bytes(), content.from(), content.length());
        if (filter != null) {
          sent.write(sentEnd);
          filter(filter, content, sent);
          sentEnd = isLine ? new byte[] {'\n'} : NOTHING;
        }
        end = isLine ? lineEnd(from) : NOTHING;
        record += records;
        offset += from.raw().length();
        isPending = false;
      } while (!splitting.isSingle() && read(from));
      var place = new Place(firstRecord, record - 1, firstByte, offset);
      expectedBytes = input.length();
      expectedSentBytes = sent.length();
      Body inputBody = input.body();
      return new Batch(filter == null ? inputBody : sent.body(), inputBody, end, place);
    }
  }

  private void filter(RecordFilter by, Slice content, Spool sent)
      throws IOException, TransformFailure {
    try {
      by.filter(content, sent);
    } catch (TransformFailure e) {
      throw e.at(new Place(record, record, offset, offset + content.length()));
    }
  }

  private static byte[] lineEnd(RecordReader from) {
    Slice raw = from.raw();
    return Arrays.copyOfRange(raw.bytes(), from.content().to(), raw.to());
  }
}
