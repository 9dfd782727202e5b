package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.util.Arrays;

/** A growing list of the numbers of one field, float32 or integers as the field's name says. */
final class Numbers {
  private final String field;
  private final boolean areFloats;
  private float[] floats = new float[0];
  private int[] integers = new int[0];
  private int count;

  /** Makes a list with room for {@code expected} numbers; it must be backed by bytes read. */
  Numbers(String field, int expected) {
    this.field = field;
    this.areFloats = Fields.areFloats(field);
    grow(expected);
  }

  void add(double value) {
    if (!areFloats) {
      throw new MalformedModelException("'%s' has a fraction in it".formatted(field));
    }
    add((float) value);
  }

  void add(float value) {
    if (!areFloats) {
      throw new MalformedModelException("'%s' has a fraction in it".formatted(field));
    }
    reserve();
    floats[count++] = value;
  }

  void add(long value) {
    if (areFloats) {
      add((float) value);
      return;
    }
    if (value != (int) value) {
      throw new MalformedModelException("'%s' has %d in it".formatted(field, value));
    }
    reserve();
    integers[count++] = (int) value;
  }

  /** Returns a {@code float[]} or {@code int[]}. */
  Object toArray() {
    return areFloats ? Arrays.copyOf(floats, count) : Arrays.copyOf(integers, count);
  }

  private void reserve() {
    int capacity = areFloats ? floats.length : integers.length;
    if (count == capacity) {
      grow(Math.max(16, capacity + (capacity >> 1)));
    }
  }

  private void grow(int capacity) {
    if (areFloats) {
      floats = Arrays.copyOf(floats, capacity);
    } else {
      integers = Arrays.copyOf(integers, capacity);
    }
  }
}
