package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;

/**
 * Writes predictions as AWS's XGBoost container does.
 *
 * @param values {@code rows * outputs} numbers, row by row
 * @param rows how many rows were asked
 * @param outputs how many values each row got; more than 1 makes a list of each row
 */
@SuppressWarnings("ArrayRecordComponent") // handed from model to answer once, never compared
public record Predictions(float[] values, int rows, int outputs) {
  private static final int NUMBER_BYTES = 22;

  /** Returns one line a row, its values joined by commas: {@code 0.51\n0.02\n}. */
  public ByteBuffer toCsv() {
    var out = new Ascii(rows * outputs * NUMBER_BYTES);
    for (int i = 0; i < rows * outputs; i++) {
      PythonNumbers.append(out, values[i]);
      out.append((i + 1) % outputs == 0 ? '\n' : ',');
    }
    return out.toBuffer();
  }

  /** Returns one line a row, several values as a list: {@code 0.51\n} or {@code [0.1, 0.9]\n}. */
  ByteBuffer toLines() {
    if (outputs == 1) {
      return toCsv();
    }
    var out = new Ascii(rows * (4 + outputs * NUMBER_BYTES));
    for (int row = 0; row < rows; row++) {
      appendList(out, row * outputs);
      out.append('\n');
    }
    return out.toBuffer();
  }

  /** Returns <code>{"predictions": [{"score": 0.51}, {"score": 0.02}]}</code>. */
  public ByteBuffer toJson() {
    var out = new Ascii(32 + rows * (16 + outputs * NUMBER_BYTES));
    out.append("{\"predictions\": [");
    for (int row = 0; row < rows; row++) {
      out.append(row == 0 ? "{\"score\": " : ", {\"score\": ");
      if (outputs == 1) {
        PythonNumbers.appendJson(out, values[row]);
      } else {
        appendList(out, row * outputs);
      }
      out.append('}');
    }
    return out.append("]}").toBuffer();
  }

  /** Returns all values on one line: {@code 0.51,0.02}, those of a row in brackets if several. */
  public ByteBuffer toOneLine() {
    var out = new Ascii(rows * (4 + outputs * NUMBER_BYTES));
    for (int row = 0; row < rows; row++) {
      if (row > 0) {
        out.append(',');
      }
      if (outputs == 1) {
        PythonNumbers.append(out, values[row]);
      } else {
        appendList(out, row * outputs);
      }
    }
    return out.toBuffer();
  }

  /** Returns a JSON array: {@code [0.51, 0.02]}. */
  public ByteBuffer toJsonArray() {
    var out = new Ascii(8 + rows * (4 + outputs * NUMBER_BYTES));
    out.append('[');
    for (int row = 0; row < rows; row++) {
      if (row > 0) {
        out.append(", ");
      }
      if (outputs == 1) {
        PythonNumbers.appendJson(out, values[row]);
      } else {
        appendList(out, row * outputs);
      }
    }
    return out.append(']').toBuffer();
  }

  private void appendList(Ascii out, int from) {
    out.append('[');
    for (int i = from; i < from + outputs; i++) {
      if (i > from) {
        out.append(", ");
      }
      PythonNumbers.appendJson(out, values[i]);
    }
    out.append(']');
  }
}
