package dev.berth.runtime.embedded.serving;

import ch.randelshofer.fastdoubleparser.JavaDoubleParser;
import java.nio.charset.StandardCharsets;

/**
 * Numbers as Python reads and writes them: {@code float(text)} and {@code repr(value)}.
 *
 * <p>Both sides go through float64, as Python does: a text is rounded to float64 and then to
 * float32, and a float32 prediction is printed with the digits of its float64 value ({@code
 * 0.5099999904632568}, not {@code 0.51}).
 */
final class PythonNumbers {
  private PythonNumbers() {}

  /**
   * Returns the number that the ASCII text from {@code from} to {@code to}, not empty and without
   * spaces around it, stands for.
   *
   * @throws NumberFormatException if it is none to Python; the message says nothing of use
   */
  static double parse(byte[] text, int from, int to) {
    if (text[to - 1] > '9') {
      return parseWord(text, from, to);
    }
    if (isHexadecimal(text, from, to)) {
      throw new NumberFormatException();
    }
    return JavaDoubleParser.parseDouble(text, from, to - from);
  }

  /** What ends in a letter is a number only as a word; Java would also take {@code 1f} and 1d. */
  private static double parseWord(byte[] text, int from, int to) {
    boolean isSigned = text[from] == '-' || text[from] == '+';
    int start = isSigned ? from + 1 : from;
    double value =
        switch (word(text, start, to)) {
          case "nan" -> Double.NaN;
          case "inf", "infinity" -> Double.POSITIVE_INFINITY;
          default -> throw new NumberFormatException();
        };
    return text[from] == '-' ? -value : value;
  }

  private static String word(byte[] text, int from, int to) {
    if (to - from > "infinity".length()) {
      return "";
    }
    byte[] lower = new byte[to - from];
    for (int i = 0; i < lower.length; i++) {
      lower[i] = (byte) (text[from + i] | 0x20);
    }
    return new String(lower, StandardCharsets.ISO_8859_1);
  }

  /** Java also takes {@code 0x1p3}. */
  private static boolean isHexadecimal(byte[] text, int from, int to) {
    int digits = text[from] == '-' || text[from] == '+' ? from + 1 : from;
    return digits + 1 < to && (text[digits + 1] | 0x20) == 'x';
  }

  /** Appends {@code repr(value)}: fixed from 1e-4 up to 1e16, else with an exponent. */
  static void append(Ascii out, double value) {
    if (!Double.isFinite(value)) {
      out.append(Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");
      return;
    }
    appendFinite(out, Double.toString(value));
  }

  /** Appends {@code json.dumps(value)}, which names what is not finite in JavaScript's words. */
  static void appendJson(Ascii out, double value) {
    if (!Double.isFinite(value)) {
      out.append(Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
    appendFinite(out, Double.toString(value));
  }

  /** Java's digits are Python's, the shortest that read back; only the exponent's form differs. */
  private static void appendFinite(Ascii out, String java) {
    int e = java.lastIndexOf('E');
    if (e < 0) {
      out.append(java);
      return;
    }
    int exponent = Integer.parseInt(java, e + 1, java.length(), 10);
    int start = java.charAt(0) == '-' ? 1 : 0;
    if (start == 1) {
      out.append('-');
    }
    // java is d.ddddE±x; a lone zero after the point is no digit of the number
    String fraction = java.substring(start + 2, e);
    fraction = fraction.equals("0") ? "" : fraction;
    char first = java.charAt(start);
    if (exponent >= -4 && exponent < 0) {
      out.append("0.").append("0".repeat(-exponent - 1)).append(first).append(fraction);
    } else if (exponent >= 0 && exponent < 16) {
      appendFixed(out, first, fraction, exponent);
    } else {
      out.append(first);
      if (!fraction.isEmpty()) {
        out.append('.').append(fraction);
      }
      out.append(exponent < 0 ? "e-" : "e+");
      String digits = Integer.toString(Math.abs(exponent));
      out.append(digits.length() < 2 ? "0" : "").append(digits);
    }
  }

  private static void appendFixed(Ascii out, char first, String fraction, int exponent) {
    out.append(first);
    if (fraction.length() <= exponent) {
      out.append(fraction).append("0".repeat(exponent - fraction.length())).append(".0");
    } else {
      out.append(fraction.substring(0, exponent)).append('.').append(fraction.substring(exponent));
    }
  }
}
