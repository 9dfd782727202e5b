package dev.berth.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The command the build runs: API models in, Java sources out. */
public final class Generator {
  private static final Pattern EXECUTED = Pattern.compile("(\\S+)\\s+(\\S+)");

  private Generator() {}

  /**
   * Writes the sources of all services that {@code executed.txt} names. A file whose text would not
   * change is left alone, so an unchanged model recompiles nothing.
   *
   * @param args the models' folder and the source folder to write to
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException("usage: Generator MODELS_FOLDER SOURCE_FOLDER");
    }
    generate(Path.of(args[0]), Path.of(args[1]));
  }

  static void generate(Path models, Path sources) throws IOException {
    Map<String, List<String>> executed = new LinkedHashMap<>();
    for (String line : Files.readAllLines(models.resolve("executed.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        Matcher words = EXECUTED.matcher(line.strip());
        if (!words.matches()) {
          throw new IllegalArgumentException("not 'model operation': '%s'".formatted(line));
        }
        executed.computeIfAbsent(words.group(1), _ -> new ArrayList<>()).add(words.group(2));
      }
    }
    for (Map.Entry<String, List<String>> service : executed.entrySet()) {
      ApiModel model = ApiModel.read(file(models, service.getKey()));
      Map<String, String> files =
          new ServiceWriter(service.getKey(), model, service.getValue()).write();
      for (Map.Entry<String, String> file : files.entrySet()) {
        writeIfChanged(sources.resolve(file.getKey()), file.getValue());
      }
      removeOthers(sources, files);
    }
  }

  /** Returns the newest model of that name: {@code sts} is {@code sts-2011-06-15.json}. */
  private static Path file(Path models, String name) throws IOException {
    String fileName = name + "-\\d{4}-\\d{2}-\\d{2}\\.json";
    try (Stream<Path> files = Files.list(models)) {
      return files
          .filter(file -> file.getFileName().toString().matches(fileName))
          .max(Path::compareTo)
          .orElseThrow(
              () -> new IllegalArgumentException("no model '%s' in %s".formatted(name, models)));
    }
  }

  private static void writeIfChanged(Path file, String text) throws IOException {
    if (!Files.exists(file) || !Files.readString(file).equals(text)) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    }
  }

  /** Removes what an earlier model or list left in the packages just written. */
  private static void removeOthers(Path sources, Map<String, String> written) throws IOException {
    Path folder = sources.resolve(written.keySet().iterator().next()).getParent();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (!written.containsKey(sources.relativize(file).toString().replace('\\', '/'))) {
          Files.delete(file);
        }
      }
    }
  }
}
