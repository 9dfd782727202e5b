package dev.berth.runtime.embedded.onnx;

import static dev.berth.runtime.embedded.onnx.InferenceRequestReader.refused;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.berth.runtime.embedded.serving.PayloadException;
import java.io.IOException;
import java.util.Arrays;

/** Reads the {@code data} of one input: a flat list, or lists nested as the shape says. */
final class DataReader {
  private final String input;
  private final long[] shape;
  private final Elements elements;

  DataReader(String input, long[] shape, Elements elements) {
    this.input = input;
    this.shape = shape;
    this.elements = elements;
  }

  /** Reads the list that {@code parser} is at. */
  void read(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw refused("data of input '%s' is no list".formatted(input));
    }
    if (parser.nextToken() == JsonToken.START_ARRAY && shape.length > 1) {
      list(parser, 0);
    } else {
      flat(parser);
    }
    if (elements.filled() != elements.count()) {
      throw miscounted("has %d".formatted(elements.filled()));
    }
  }

  private void flat(JsonParser parser) throws IOException {
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      element(parser);
      parser.nextToken();
    }
  }

  /** Reads a list of dimension {@code depth} whose first token is current. */
  private void list(JsonParser parser, int depth) throws IOException {
    long length = 0;
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      if (depth == shape.length - 1) {
        element(parser);
      } else if (parser.currentToken() == JsonToken.START_ARRAY) {
        parser.nextToken();
        list(parser, depth + 1);
      } else {
        throw misshapen("has %s where a list is due".formatted(parser.getText()));
      }
      length++;
      parser.nextToken();
    }
    if (length != shape[depth]) {
      throw misshapen(
          "has a list of %d in dimension %d, before element %d"
              .formatted(length, depth + 1, elements.filled()));
    }
  }

  private void element(JsonParser parser) throws IOException {
    if (elements.filled() == elements.count()) {
      throw miscounted("has more");
    }
    switch (elements.datatype()) {
      case BOOL -> elements.add(bool(parser) ? 1 : 0);
      case UINT8 -> elements.add(whole(parser, 0, 255));
      case INT8 -> elements.add(whole(parser, Byte.MIN_VALUE, Byte.MAX_VALUE));
      case INT16 -> elements.add(whole(parser, Short.MIN_VALUE, Short.MAX_VALUE));
      case INT32 -> elements.add(whole(parser, Integer.MIN_VALUE, Integer.MAX_VALUE));
      case INT64 -> elements.add(whole(parser, Long.MIN_VALUE, Long.MAX_VALUE));
      case FP16, BF16, FP32, FP64 -> elements.add(number(parser));
      case BYTES -> elements.add(text(parser));
    }
  }

  private boolean bool(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw unfit(parser, "true or false");
    };
  }

  private long whole(JsonParser parser, long least, long most) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
        || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
        || parser.getLongValue() < least
        || parser.getLongValue() > most) {
      throw unfit(parser, "a whole number from %d to %d".formatted(least, most));
    }
    return parser.getLongValue();
  }

  private double number(JsonParser parser) throws IOException {
    if (!parser.currentToken().isNumeric()) {
      throw unfit(parser, "a number");
    }
    return parser.getDoubleValue();
  }

  private String text(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw unfit(parser, "a text");
    }
    return parser.getText();
  }

  private PayloadException unfit(JsonParser parser, String expected) throws IOException {
    String got = parser.getText();
    return refused(
        "element %d of input '%s' does not fit %s: expected %s, got %s"
            .formatted(
                elements.filled(),
                input,
                elements.datatype(),
                expected,
                got.length() > 40 ? got.substring(0, 40) + "…" : got));
  }

  private PayloadException miscounted(String got) {
    return refused(
        "data of input '%s' does not fit its shape %s: expected %d elements, it %s"
            .formatted(input, Arrays.toString(shape), elements.count(), got));
  }

  private PayloadException misshapen(String got) {
    return refused(
        "data of input '%s' is not nested as its shape %s says: it %s"
            .formatted(input, Arrays.toString(shape), got));
  }
}
