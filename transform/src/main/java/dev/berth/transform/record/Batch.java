package dev.berth.transform.record;

import dev.berth.transform.body.Body;
import dev.berth.transform.failure.TransformFailure.Place;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;

/**
 * The records of one request.
 *
 * @param sent what the container gets
 * @param input the records as they were before {@code InputFilter}, without the last line end; the
 *     same as {@code sent} where nothing was filtered
 * @param inputEnd the last record's line end
 * @param place which records they are
 */
@SuppressWarnings("ArrayRecordComponent") // two bytes at most, never compared
public record Batch(Body sent, Body input, byte[] inputEnd, Place place) implements AutoCloseable {

  public long records() {
    return place.lastRecord() - place.firstRecord() + 1;
  }

  /** Returns the unfiltered records again, framed as they were. */
  public InputStream inputStream() throws IOException {
    return new SequenceInputStream(input.stream(), new ByteArrayInputStream(inputEnd));
  }

  @Override
  public void close() {
    sent.close();
    input.close();
  }
}
