package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.record.RecordReader.Slice;
import java.io.IOException;
import java.io.OutputStream;

/** {@code InputFilter}: what of a record the container gets. */
@FunctionalInterface
public interface RecordFilter {
  /** Writes what is left of {@code record}. */
  void filter(Slice record, OutputStream out) throws IOException, TransformFailure;
}
