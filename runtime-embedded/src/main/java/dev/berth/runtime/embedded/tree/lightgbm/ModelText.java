package dev.berth.runtime.embedded.tree.lightgbm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A LightGBM model file cut into sections: a first line that says what it is, a header, trees that
 * begin with {@code Tree=n}, and {@code end of trees}; what follows describes the training.
 *
 * @param averages whether the trees' mean counts and not their sum (random forests)
 */
record ModelText(Section header, List<Section> trees, boolean averages) {
  private static final String AVERAGES = "average_output";
  private static final String TREE = "Tree=";
  private static final String END = "end of trees";

  /**
   * Returns the sections of the file with these bytes.
   *
   * @throws MalformedModelException if it is no such file, or was cut off
   */
  static ModelText read(byte[] bytes) {
    // Latin-1 takes any byte: only feature names can hold other than ASCII, and they are not used.
    try (var reader =
        new BufferedReader(new InputStreamReader(new ByteArrayInputStream(bytes), ISO_8859_1))) {
      var first = reader.readLine();
      if (first == null || !first.strip().equals("tree")) {
        throw new MalformedModelException("its first line is not 'tree'");
      }
      return read(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ModelText read(BufferedReader reader) throws IOException {
    Map<String, String> header = new HashMap<>();
    var trees = new ArrayList<Section>();
    var current = header;
    boolean averages = false;
    for (var line = reader.readLine(); line != null; line = reader.readLine()) {
      int equals = line.indexOf('=');
      if (line.startsWith(TREE)) {
        current = new HashMap<>();
        trees.add(new Section(current));
      } else if (line.strip().equals(END)) {
        return new ModelText(new Section(header), List.copyOf(trees), averages);
      } else if (line.strip().equals(AVERAGES)) {
        averages = true;
      } else if (equals > 0) {
        current.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    throw new MalformedModelException("it has no line '%s': it was cut off".formatted(END));
  }
}
