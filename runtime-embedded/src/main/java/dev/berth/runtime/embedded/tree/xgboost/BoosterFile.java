package dev.berth.runtime.embedded.tree.xgboost;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.ModelFiles;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads one file that xgboost or Python's pickle wrote, telling its format by its first bytes. */
final class BoosterFile {
  private static final byte[] LEGACY_MAGIC = "binf".getBytes(US_ASCII);

  /** A pickle of xgboost before 1.7: this, an int64, and as many bytes of the legacy format. */
  private static final byte[] LEGACY_PICKLE_MAGIC = "CONFIG-offset:".getBytes(US_ASCII);

  private BoosterFile() {}

  /**
   * Returns the model in {@code file}.
   *
   * @throws ModelLoadException if it is no model, or one that this build does not evaluate
   */
  static XgboostModel load(Path file) {
    try {
      return new XgboostModel(read(ModelFiles.read(file)));
    } catch (MalformedModelException e) {
      throw new ModelLoadException(
          "could not load '%s' as an XGBoost model: %s. The archive's root may hold model files only, saved with Booster.save_model as .json or .ubj, by xgboost up to 2.x in its binary format too, or pickled Boosters"
              .formatted(file.getFileName(), e.getMessage()),
          e);
    }
  }

  private static Booster read(byte[] bytes) {
    return PickledBooster.isPickle(bytes) ? unpickle(bytes) : parse(bytes);
  }

  private static Booster unpickle(byte[] bytes) {
    var model = PickledBooster.model(bytes);
    if (!startsWith(model, LEGACY_PICKLE_MAGIC)) {
      return parse(model);
    }
    int header = LEGACY_PICKLE_MAGIC.length + Long.BYTES;
    if (model.length < header) {
      throw new MalformedModelException("it ends too early");
    }
    long size =
        ByteBuffer.wrap(model).order(ByteOrder.LITTLE_ENDIAN).getLong(LEGACY_PICKLE_MAGIC.length);
    if (size < 0 || size > model.length - header) {
      throw new MalformedModelException("it ends too early");
    }
    return parse(Arrays.copyOfRange(model, header, header + (int) size));
  }

  private static Booster parse(byte[] bytes) {
    if (bytes.length == 0) {
      throw new MalformedModelException("it is empty");
    }
    if (bytes[0] == '{') {
      return BoosterDocument.toBooster(
          isJson(bytes) ? JsonDocument.read(bytes) : UbjDocument.read(ByteBuffer.wrap(bytes)));
    }
    int start = startsWith(bytes, LEGACY_MAGIC) ? LEGACY_MAGIC.length : 0;
    return LegacyDocument.read(ByteBuffer.wrap(bytes, start, bytes.length - start));
  }

  /**
   * A JSON object goes on with a quote, after spaces maybe; a UBJ one with a marker of a length.
   */
  private static boolean isJson(byte[] bytes) {
    int next = 1;
    while (next < bytes.length && Character.isWhitespace(bytes[next])) {
      next++;
    }
    return next == bytes.length || bytes[next] == '"' || bytes[next] == '}';
  }

  private static boolean startsWith(byte[] bytes, byte[] magic) {
    return bytes.length >= magic.length
        && Arrays.equals(bytes, 0, magic.length, magic, 0, magic.length);
  }
}
