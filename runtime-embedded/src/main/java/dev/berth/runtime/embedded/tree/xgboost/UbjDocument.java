package dev.berth.runtime.embedded.tree.xgboost;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads models that xgboost saved as {@code .ubj}: Universal Binary JSON, draft 12, as far as
 * xgboost writes it. A count is believed only as far as bytes are left, so a hostile one cannot
 * make it allocate more than the file is large. One thread at a time.
 */
final class UbjDocument {
  private final ByteBuffer in;

  private UbjDocument(ByteBuffer in) {
    this.in = in;
  }

  /**
   * Returns the fields of the document in {@code bytes}.
   *
   * @throws MalformedModelException if it is not a UBJ object
   */
  static Fields read(ByteBuffer bytes) {
    try {
      var document = new UbjDocument(bytes);
      if (document.marker() != '{') {
        throw new MalformedModelException("it is UBJ, but not an object");
      }
      return document.object(1);
    } catch (BufferUnderflowException e) {
      throw new MalformedModelException("it ends too early", e);
    }
  }

  private Fields object(int depth) {
    check(depth);
    var values = new HashMap<String, Object>();
    for (char marker = marker(); marker != '}'; marker = marker()) {
      var name = text(count(marker));
      var value = value(name, marker(), depth);
      if (value != null && Fields.keeps(name)) {
        values.put(name, value);
      }
    }
    return new Fields(values);
  }

  private @Nullable Object value(String name, char marker, int depth) {
    return switch (marker) {
      case '{' -> Fields.keeps(name) ? object(depth + 1) : skip(marker, depth);
      case '[' -> Fields.keeps(name) ? list(name, depth + 1) : skip(marker, depth);
      case 'S' -> text(count(marker()));
      case 'i', 'U', 'I', 'l', 'L' -> integer(marker);
      default -> skip(marker, depth);
    };
  }

  private Object list(String name, int depth) {
    check(depth);
    char marker = marker();
    if (marker == '$') {
      return typedNumbers(name);
    }
    // '[#n' has no ']' at its end; '[' has.
    int count = marker == '#' ? count(marker()) : Integer.MAX_VALUE;
    char next = marker == '#' ? peeked(count > 0) : marker;
    if (name.equals(Fields.TREES)) {
      var trees = new ArrayList<Fields.IndexedTree>();
      for (int i = 0; i < count && next != ']'; i++) {
        if (next != '{') {
          throw new MalformedModelException("'trees' has something in it that is no tree");
        }
        trees.add(object(depth + 1).tree());
        next = peeked(i + 1 < count);
      }
      return trees;
    }
    var numbers = new Numbers(name, 0);
    for (int i = 0; i < count && next != ']'; i++) {
      addNumber(numbers, next);
      next = peeked(i + 1 < count);
    }
    return numbers.toArray();
  }

  private char peeked(boolean more) {
    return more ? marker() : ']';
  }

  private Object typedNumbers(String name) {
    char type = marker();
    if (marker() != '#') {
      throw new MalformedModelException("'%s' has a type and no count".formatted(name));
    }
    int count = count(marker(), width(type));
    var numbers = new Numbers(name, count);
    for (int i = 0; i < count; i++) {
      addNumber(numbers, type);
    }
    return numbers.toArray();
  }

  private void addNumber(Numbers numbers, char marker) {
    switch (marker) {
      case 'd' -> numbers.add(in.getFloat());
      case 'D' -> numbers.add(in.getDouble());
      case 'T' -> numbers.add(1L);
      case 'F' -> numbers.add(0L);
      default -> numbers.add(integer(marker));
    }
  }

  /** Passes over a value of no use; deep ones count against the depth all the same. */
  private @Nullable Object skip(char marker, int depth) {
    check(depth);
    switch (marker) {
      case '{' -> {
        for (char next = marker(); next != '}'; next = marker()) {
          pass(count(next));
          skip(marker(), depth + 1);
        }
      }
      case '[' -> skipList(depth + 1);
      case 'S' -> pass(count(marker()));
      case 'T', 'F', 'Z', 'N' -> {}
      default -> pass(width(marker));
    }
    return null;
  }

  private void skipList(int depth) {
    char marker = marker();
    if (marker == '$') {
      int width = width(marker());
      if (marker() != '#') {
        throw new MalformedModelException("a list has a type and no count");
      }
      pass(count(marker(), width) * width);
      return;
    }
    int count = marker == '#' ? count(marker()) : Integer.MAX_VALUE;
    char next = marker == '#' ? peeked(count > 0) : marker;
    for (int i = 0; i < count && next != ']'; i++) {
      skip(next, depth);
      next = peeked(i + 1 < count);
    }
  }

  private long integer(char marker) {
    return switch (marker) {
      case 'i' -> in.get();
      case 'U' -> in.get() & 0xffL;
      case 'I' -> in.getShort();
      case 'l' -> in.getInt();
      case 'L' -> in.getLong();
      default -> throw unexpected(marker);
    };
  }

  private static int width(char type) {
    return switch (type) {
      case 'i', 'U', 'C' -> 1;
      case 'I' -> 2;
      case 'l', 'd' -> 4;
      case 'L', 'D' -> 8;
      default -> throw unexpected(type);
    };
  }

  private int count(char marker) {
    return count(marker, 1);
  }

  private int count(char marker, int width) {
    long count = integer(marker);
    if (count < 0 || count > in.remaining() / width) {
      throw new MalformedModelException("it ends too early, or a count in it is wrong: " + count);
    }
    return (int) count;
  }

  private String text(int length) {
    var text = new byte[length];
    in.get(text);
    return new String(text, UTF_8);
  }

  private void pass(int bytes) {
    if (bytes > in.remaining()) {
      throw new BufferUnderflowException();
    }
    in.position(in.position() + bytes);
  }

  private char marker() {
    return (char) (in.get() & 0xff);
  }

  private static void check(int depth) {
    if (depth > JsonDocument.MAX_DEPTH) {
      throw new MalformedModelException("it is nested too deeply");
    }
  }

  private static MalformedModelException unexpected(char marker) {
    return new MalformedModelException(
        "it has an unknown UBJ marker 0x%02x".formatted((int) marker));
  }
}
