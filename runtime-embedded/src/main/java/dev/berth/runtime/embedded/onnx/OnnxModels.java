package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** Loads ONNX models from a model directory. */
public final class OnnxModels {
  private static final String SUFFIX = ".onnx";
  private static final String PREFERRED = "model.onnx";
  private static final int SEARCH_DEPTH = 4;

  /** Held while the memory of one that is being loaded is measured. */
  private static final ReentrantLock MEASURING = new ReentrantLock();

  private OnnxModels() {}

  /**
   * ONNX Runtime's one environment of this process, made with the first model. Its threads, one for
   * each core, serve every model; they sleep when idle rather than spin.
   */
  private static final class Environment {
    static final OrtEnvironment SHARED = create();

    private Environment() {}

    private static OrtEnvironment create() {
      try (var threads = new OrtEnvironment.ThreadingOptions()) {
        threads.setGlobalIntraOpNumThreads(Runtime.getRuntime().availableProcessors());
        threads.setGlobalInterOpNumThreads(1);
        threads.setGlobalSpinControl(false);
        OrtEnvironment environment =
            OrtEnvironment.getEnvironment(
                OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "berth", threads);
        environment.setTelemetry(false);
        return environment;
      } catch (OrtException failure) {
        throw new ModelLoadException(
            "ONNX Runtime could not start: " + failure.getMessage(), failure);
      }
    }
  }

  /**
   * Returns the model of the one {@code *.onnx} file at the root of {@code directory}, or of {@code
   * model.onnx} when there are several. Files with its weights may lie beside it.
   *
   * <p>One of many models gets no arena, which would keep what the largest request so far has
   * taken, and what it takes is measured: they are loaded one after another. That of a model by
   * itself is the size of its files.
   *
   * @param directory an unpacked {@code model.tar.gz}
   * @throws ModelLoadException if there is no such file, or it can't be run
   */
  public static OnnxModel load(Path directory, boolean isOneOfMany) {
    if (!isOneOfMany) {
      return load(directory, true, () -> sizeOfFiles(directory));
    }
    MEASURING.lock();
    try {
      OptionalLong before = NativeHeap.usedBytes();
      return load(directory, false, () -> grownBy(before, sizeOfFiles(directory)));
    } finally {
      MEASURING.unlock();
    }
  }

  /**
   * Returns by how much the process's native memory has grown. Others give some back meanwhile, so
   * it is never less than the files, whose weights are all in it; where nobody tells, twice that:
   * weights, and their copies in the order in which they are multiplied.
   */
  private static long grownBy(OptionalLong before, long fileBytes) {
    if (before.isEmpty()) {
      return 2 * fileBytes;
    }
    return Math.max(fileBytes, NativeHeap.usedBytes().orElseThrow() - before.getAsLong());
  }

  private static OnnxModel load(Path directory, boolean hasArena, LongSupplier memoryBytes) {
    Path file = modelFile(directory);
    String name = String.valueOf(file.getFileName());
    OrtEnvironment environment = Environment.SHARED;
    try (var options = new OrtSession.SessionOptions()) {
      options.disablePerSessionThreads();
      options.setCPUArenaAllocator(hasArena);
      options.setMemoryPatternOptimization(hasArena);
      OrtSession session = environment.createSession(file.toString(), options);
      try {
        return new OnnxModel(
            environment,
            session,
            name.substring(0, name.length() - SUFFIX.length()),
            memoryBytes.getAsLong());
      } catch (OrtException | RuntimeException failure) {
        session.close();
        throw failure;
      }
    } catch (OrtException failure) {
      throw new ModelLoadException(
          "could not load '%s': %s; check that the file is complete, with all files of its external data, and that its opset is one that ONNX Runtime %s knows"
              .formatted(name, failure.getMessage(), environment.getVersion()),
          failure);
    }
  }

  private static Path modelFile(Path directory) {
    List<Path> files = files(directory, SEARCH_DEPTH).filter(OnnxModels::isModel).toList();
    List<Path> atRoot = files.stream().filter(it -> directory.equals(it.getParent())).toList();
    if (atRoot.size() == 1) {
      return atRoot.getFirst();
    }
    return atRoot.stream()
        .filter(file -> file.endsWith(PREFERRED))
        .findFirst()
        .orElseThrow(() -> new ModelLoadException(whyNone(directory, files, atRoot)));
  }

  private static String whyNone(Path directory, List<Path> files, List<Path> atRoot) {
    if (!atRoot.isEmpty()) {
      return "found %d ONNX files and none is 'model.onnx': %s; keep one, or name the one to serve 'model.onnx'"
          .formatted(atRoot.size(), relative(directory, atRoot));
    }
    if (!files.isEmpty()) {
      return "found no *.onnx file at the root of the model data, but %s below; put it at the archive's root"
          .formatted(relative(directory, files));
    }
    return "found no *.onnx file in the model data, which holds %s"
        .formatted(relative(directory, files(directory, 1).toList()));
  }

  private static List<String> relative(Path directory, List<Path> files) {
    return files.stream().limit(10).map(file -> directory.relativize(file).toString()).toList();
  }

  private static boolean isModel(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(SUFFIX) && !name.startsWith(".");
  }

  private static long sizeOfFiles(Path directory) {
    return files(directory, SEARCH_DEPTH).mapToLong(file -> file.toFile().length()).sum();
  }

  /** Returns the regular files down to {@code depth}, sorted by path. */
  private static Stream<Path> files(Path directory, int depth) {
    try (Stream<Path> paths = Files.walk(directory, depth)) {
      return paths.filter(Files::isRegularFile).sorted().toList().stream();
    } catch (IOException | UncheckedIOException failure) {
      throw new ModelLoadException(
          "could not read the model data: " + failure.getMessage(), failure);
    }
  }
}
