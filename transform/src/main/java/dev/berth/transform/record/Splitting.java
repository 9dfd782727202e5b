package dev.berth.transform.record;

import java.io.InputStream;

/**
 * How an object becomes requests.
 *
 * @param type {@code SplitType}
 * @param isSingle {@code BatchStrategy=SingleRecord}; means nothing where {@code type} is NONE
 * @param maxBytes largest request, {@link Long#MAX_VALUE} for {@code MaxPayloadInMB=0}
 * @param isCsv whether lines are CSV, so that a quoted field may go over line ends
 */
public record Splitting(Type type, boolean isSingle, long maxBytes, boolean isCsv) {

  /** {@code SplitType}. */
  public enum Type {
    NONE,
    LINE,
    RECORD_IO,
    TF_RECORD
  }

  /** Returns a reader of the records of {@code in}, which the caller closes. */
  public RecordReader reader(InputStream in) {
    return switch (type) {
      case NONE -> new WholeReader(in, maxBytes);
      case LINE -> new LineReader(in, isCsv, maxBytes);
      case RECORD_IO -> new RecordIoReader(in, maxBytes);
      case TF_RECORD -> new TfRecordReader(in, maxBytes);
    };
  }
}
