package dev.berth.server.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Shows what is under way. One thread at a time. */
interface ProgressView {
  /** Shows {@code lines} in place of those shown before. */
  void show(List<ProgressLine> lines);

  /** Takes away what is drawn over, so that other output may follow. */
  void clear();

  /** Returns a view that draws over itself on a live terminal, and elsewhere writes plain lines. */
  static ProgressView on(Terminal terminal) {
    return terminal.isLive() ? new Drawn(terminal) : new Written(terminal);
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

  /** Writes a line whenever a subject enters another step: what a log or a pipe wants. */
  final class Written implements ProgressView {
    private final Terminal terminal;
    private final Map<String, String> steps = new HashMap<>();

    Written(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public void show(List<ProgressLine> lines) {
      for (var line : lines) {
        if (!line.step().equals(steps.put(line.subject(), line.step()))) {
          terminal.say("%s  %s".formatted(line.subject(), line.step()));
        }
      }
    }

    @Override
    public void clear() {
      steps.clear();
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
