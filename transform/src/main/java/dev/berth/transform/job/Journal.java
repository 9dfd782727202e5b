package dev.berth.transform.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.berth.transform.input.InputObject;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a restart needs to know of a job, in a folder of its own: {@code inputs}, the objects as
 * they were found; {@code parameters}, how they are batched; {@code journal}, a line for each
 * object that is finished; and {@code data-log}, what AWS writes to the log stream of that name. A
 * line counts once it is on disk; a torn last line does not. Many threads at a time.
 */
final class Journal {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);

  private final Path directory;

  /** Opens a job's folder, created where it is missing. */
  Journal(Path directory) {
    this.directory = directory;
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use the folder " + directory, e);
    }
  }

  /** Returns the objects that were found, empty before {@link #keepInputs}. */
  Optional<List<InputObject>> inputs() throws IOException {
    Path file = directory.resolve("inputs");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    var inputs = new ArrayList<InputObject>();
    eachLine(file, line -> inputs.add(read(line, InputObject.class)));
    return Optional.of(inputs);
  }

  void keepInputs(List<InputObject> inputs) throws IOException {
    write("inputs", inputs.stream().map(Journal::line).toList());
  }

  /** Returns the parameters that were settled, empty before {@link #keepParameters}. */
  Optional<JobParameters> parameters() throws IOException {
    Path file = directory.resolve("parameters");
    return Files.exists(file)
        ? Optional.of(read(Files.readString(file), JobParameters.class))
        : Optional.empty();
  }

  void keepParameters(JobParameters parameters) throws IOException {
    write("parameters", List.of(line(parameters)));
  }

  /** Returns what is finished, by index, in the order it was. */
  Map<Integer, ObjectOutcome> outcomes() throws IOException {
    var outcomes = new LinkedHashMap<Integer, ObjectOutcome>();
    Path file = directory.resolve("journal");
    if (Files.exists(file)) {
      eachLine(
          file,
          line -> {
            try {
              ObjectOutcome outcome = JSON.readValue(line, ObjectOutcome.class);
              outcomes.put(outcome.index(), outcome);
            } catch (JsonProcessingException _) {
              // Torn by a crash: the object is done again.
            }
          });
    }
    return outcomes;
  }

  /** Keeps an outcome; it is on disk when this returns. */
  synchronized void finished(ObjectOutcome outcome) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            directory.resolve("journal"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      // The line end goes first, so that a torn line before it does not spoil this one.
      var buffer = StandardCharsets.UTF_8.encode("\n" + line(outcome) + "\n");
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(false);
    }
  }

  /** Writes to the data log; every line of {@code text} gets the time and AWS's mark. */
  synchronized void log(Instant now, String text) {
    var lines = new StringBuilder();
    text.lines()
        .forEach(line ->
            lines.append(TIME.format(now)).append(":[sagemaker logs]: ").append(line).append('\n'));
    try {
      Files.writeString(dataLog(), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + dataLog(), e);
    }
  }

  Path dataLog() {
    return directory.resolve("data-log");
  }

  private void write(String name, List<String> lines) throws IOException {
    Path beside = directory.resolve(name + ".new");
    try (BufferedWriter out = Files.newBufferedWriter(beside)) {
      for (String line : lines) {
        out.write(line);
        out.write('\n');
      }
    }
    try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(beside, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void eachLine(Path file, Consumer<String> action) throws IOException {
    try (BufferedReader in = Files.newBufferedReader(file)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isEmpty()) {
          action.accept(line);
        }
      }
    }
  }

  private static String line(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("cannot be written: " + value, e);
    }
  }

  private static <T> T read(String line, Class<T> type) {
    try {
      return JSON.readValue(line, type);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("a line of the job's folder can't be read: " + line, e);
    }
  }
}
