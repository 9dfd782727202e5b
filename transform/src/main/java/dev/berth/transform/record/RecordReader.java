package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;

/** Gives the records of one object, one after the other. One thread at a time. */
public interface RecordReader {
  /** Longest record that is read whole, whatever {@code MaxPayloadInMB} allows: 100 MiB. */
  int MOST_RECORD_BYTES = 100 << 20;

  /**
   * Goes to the next record.
   *
   * @return whether there is one
   * @throws TransformFailure when the bytes are no record, or one that is too long
   * @throws IOException when the source breaks off
   */
  boolean next() throws IOException, TransformFailure;

  /**
   * Makes the record one with as many of those behind it as are at hand and fit: {@link #content}
   * and {@link #raw} are then of all of them, with the framing that is between them.
   *
   * @param mostBytes longest that the content may become
   * @return records that were added; none unless the format lets records be told apart at a glance
   */
  default long extend(long mostBytes) {
    return 0;
  }

  /** The record without its framing; valid until {@link #next}. */
  Slice content();

  /** The record with its framing: line end, headers, padding; valid until {@link #next}. */
  Slice raw();

  /** A part of an array. */
  @SuppressWarnings("ArrayRecordComponent") // a view for one step, never compared
  record Slice(byte[] bytes, int from, int to) {
    public int length() {
      return to - from;
    }

    public byte[] toArray() {
      return java.util.Arrays.copyOfRange(bytes, from, to);
    }
  }
}
