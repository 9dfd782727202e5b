package dev.berth.transform.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds a byte, eight at a time: most of what splitting lines takes is looking for their ends. A
 * word whose bytes are zero where they are the one looked for has, after {@code (x - 0x01…01) & ~x
 * & 0x80…80}, its lowest bit set in the first of these (Hacker's Delight, 6-1).
 */
final class ByteSearch {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private ByteSearch() {}

  /** Returns where {@code wanted} is first between {@code from} and {@code to}, -1 if nowhere. */
  static int indexOf(byte[] bytes, int from, int to, byte wanted) {
    long pattern = (wanted & 0xffL) * ONES;
    int at = from;
    for (; at <= to - Long.BYTES; at += Long.BYTES) {
      long word = (long) LONG.get(bytes, at) ^ pattern;
      long found = (word - ONES) & ~word & HIGH_BITS;
      if (found != 0) {
        return at + (Long.numberOfTrailingZeros(found) >>> 3);
      }
    }
    for (; at < to; at++) {
      if (bytes[at] == wanted) {
        return at;
      }
    }
    return -1;
  }

  /** Returns where {@code wanted} is last between {@code from} and {@code to}, -1 if nowhere. */
  static int lastIndexOf(byte[] bytes, int from, int to, byte wanted) {
    for (int at = to - 1; at >= from; at--) {
      if (bytes[at] == wanted) {
        return at;
      }
    }
    return -1;
  }

  /** Returns how often {@code wanted} is between {@code from} and {@code to}. */
  static int count(byte[] bytes, int from, int to, byte wanted) {
    return countWithout(bytes, from, to, wanted, wanted);
  }

  /**
   * Returns how often {@code wanted} is between {@code from} and {@code to}, -1 when {@code
   * unwanted}, if that is another byte, is there too. Looks at all of it without a branch, which
   * the compiler makes vector instructions of.
   */
  static int countWithout(byte[] bytes, int from, int to, byte wanted, byte unwanted) {
    long pattern = (wanted & 0xffL) * ONES;
    long unwantedPattern = (unwanted & 0xffL) * ONES;
    long count = 0;
    long found = 0;
    int at = from;
    for (; at <= to - Long.BYTES; at += Long.BYTES) {
      long word = (long) LONG.get(bytes, at);
      long difference = word ^ pattern;
      // No carry goes from byte to byte: each that is not zero gets its high bit, and no other.
      long others = ((difference & ~HIGH_BITS) + ~HIGH_BITS) | difference;
      count += Long.bitCount(~others & HIGH_BITS);
      long rest = word ^ unwantedPattern;
      found |= (rest - ONES) & ~rest;
    }
    for (; at < to; at++) {
      count += bytes[at] == wanted ? 1 : 0;
      found |= bytes[at] == unwanted ? HIGH_BITS : 0;
    }
    return wanted != unwanted && (found & HIGH_BITS) != 0 ? -1 : (int) count;
  }
}
