package dev.berth.server.cli;

import java.util.Locale;

/**
 * One thing under way.
 *
 * @param subject what is being made, such as {@code AllTraffic/1}
 * @param step what it is doing now, in words
 * @param doneBytes bytes of the step that are through, 0 where it has no size
 * @param totalBytes bytes of the whole step, 0 where that isn't known
 */
record ProgressLine(String subject, String step, long doneBytes, long totalBytes) {
  private static final int BAR_CELLS = 24;

  /** Returns the line as text: subject, step, and a bar where the size is known. */
  String text() {
    var named = "%s  %s".formatted(subject, step);
    if (totalBytes > 0) {
      return "%s  %s %3d%%  %s of %s"
          .formatted(named, bar(), percent(), bytes(doneBytes), bytes(totalBytes));
    }
    return doneBytes > 0 ? "%s  %s".formatted(named, bytes(doneBytes)) : named;
  }

  private String bar() {
    int full = (int) (BAR_CELLS * Math.min(doneBytes, totalBytes) / totalBytes);
    return "━".repeat(full) + "┄".repeat(BAR_CELLS - full);
  }

  private long percent() {
    return 100 * Math.min(doneBytes, totalBytes) / totalBytes;
  }

  /** Returns a size for people, in powers of 1,000: {@code 21.9 kB}. */
  static String bytes(long count) {
    if (count < 1_000) {
      return count + " B";
    }
    var units = new String[] {"kB", "MB", "GB", "TB"};
    double value = count / 1_000.0;
    int unit = 0;
    while (value >= 999.95 && unit < units.length - 1) {
      value /= 1_000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
