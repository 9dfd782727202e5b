package dev.berth.edge;

import io.netty.handler.codec.DateFormatter;
import io.netty.util.AsciiString;
import java.util.Date;

/** The {@code Date} of answers, formatted once a second. Many threads at a time. */
final class DateHeader {
  private record Second(long epochSecond, AsciiString text) {}

  private volatile Second latest = at(0);

  /** Returns the date for a clock at {@code epochMillis}. */
  AsciiString value(long epochMillis) {
    Second known = latest;
    long second = Math.floorDiv(epochMillis, 1000L);
    if (known.epochSecond != second) {
      known = at(second);
      latest = known;
    }
    return known.text;
  }

  @SuppressWarnings("JavaUtilDate") // what Netty's formatter takes
  private static Second at(long epochSecond) {
    return new Second(
        epochSecond, AsciiString.cached(DateFormatter.format(new Date(epochSecond * 1000))));
  }
}
