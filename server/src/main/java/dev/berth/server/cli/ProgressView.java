package dev.berth.server.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Shows what is under way. One thread at a time. */
interface ProgressView {
  /** Shows {@code lines} in place of those shown before. */
  void show(List<ProgressLine> lines);

  /** Takes away what is drawn over, so that other output may follow. */
  void clear();

  /** Returns a view that draws over itself on a live terminal, and elsewhere writes plain lines. */
  static ProgressView on(Terminal terminal) {
    return terminal.isLive() ? new Drawn(terminal) : new Written(terminal, InstantSource.system());
  }

  /** Returns a view that shows nothing. */
  static ProgressView silent() {
    return new Silent();
  }

  /** Draws over the lines it drew before, by ANSI control sequences. */
  final class Drawn implements ProgressView {
    private static final String FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
    private static final String UP_AND_CLEAR = "\033[1A\r\033[2K";

    private final Terminal terminal;
    private int drawnLines;
    private int frame;

    Drawn(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public void show(List<ProgressLine> lines) {
      var spinner = String.valueOf(FRAMES.charAt(frame++ % FRAMES.length()));
      var text = new StringBuilder(UP_AND_CLEAR.repeat(drawnLines));
      // a line that wraps would be two when it is taken away
      int width = Math.max(10, terminal.columns() - 3);
      for (var line : lines) {
        var words = line.text();
        text.append(terminal.warning(spinner))
            .append(' ')
            .append(words.length() > width ? words.substring(0, width) : words)
            .append('\n');
      }
      write(text.toString());
      drawnLines = lines.size();
    }

    @Override
    public void clear() {
      write(UP_AND_CLEAR.repeat(drawnLines));
      drawnLines = 0;
    }

    private void write(String text) {
      terminal.out().print(text);
      terminal.out().flush();
    }
  }

  /**
   * Writes a line whenever a subject enters another step: what a log or a pipe wants. Where only a
   * step's numbers change, it is written again once in a while.
   */
  final class Written implements ProgressView {
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final Pattern NUMBERS = Pattern.compile("\\d+");

    private final Terminal terminal;
    private final InstantSource clock;
    private final Map<String, Said> said = new HashMap<>();

    /** What was written last of a subject, and when. */
    private record Said(String step, Instant at) {
      /** Returns whether {@code next} is worth a line. */
      boolean isOld(String next, Instant now) {
        return !next.equals(step) && (!words(next).equals(words(step)) || isLongAgo(now));
      }

      private boolean isLongAgo(Instant now) {
        return !at.plus(PAUSE).isAfter(now);
      }

      private static String words(String step) {
        return NUMBERS.matcher(step).replaceAll("");
      }
    }

    Written(Terminal terminal, InstantSource clock) {
      this.terminal = terminal;
      this.clock = clock;
    }

    @Override
    public void show(List<ProgressLine> lines) {
      Instant now = clock.instant();
      for (var line : lines) {
        Said before = said.get(line.subject());
        if (before == null || before.isOld(line.step(), now)) {
          said.put(line.subject(), new Said(line.step(), now));
          terminal.say("%s  %s".formatted(line.subject(), line.step()));
        }
      }
    }

    @Override
    public void clear() {
      said.clear();
    }
  }

  /** Shows nothing. */
  final class Silent implements ProgressView {
    @Override
    public void show(List<ProgressLine> lines) {}

    @Override
    public void clear() {}
  }
}
