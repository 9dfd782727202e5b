package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;

/** {@code SplitType=None}: the whole object is the one record; an empty object has none. */
final class WholeReader implements RecordReader {
  private final Window window;
  private boolean isDone;

  WholeReader(InputStream in, long maxBytes) {
    this.window = new Window(in, maxBytes);
  }

  @Override
  public boolean next() throws IOException, TransformFailure {
    if (isDone) {
      return false;
    }
    isDone = true;
    while (window.fill()) {
      if (window.isFull()) {
        throw Window.tooLong(window.available());
      }
    }
    return window.available() > 0;
  }

  @Override
  public Slice content() {
    return new Slice(window.bytes(), window.start(), window.start() + window.available());
  }

  @Override
  public Slice raw() {
    return content();
  }
}
