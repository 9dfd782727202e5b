package dev.berth.runtime.embedded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonNumbersTest {

  /** Right column: {@code float(numpy.float32(text))} of Python 3.11. */
  @ParameterizedTest
  @CsvSource({
    "0.51, 0.5099999904632568",
    "1, 1.0",
    "-0.0, -0.0",
    "100, 100.0",
    "1e-4, 9.999999747378752e-05",
    "1.5e-4, 0.0001500000071246177",
    "0.0009765625, 0.0009765625",
    "1e-5, 9.999999747378752e-06",
    "12345678, 12345678.0",
    "1e7, 10000000.0",
    "1.25e10, 12499999744.0",
    "9007199254740992, 9007199254740992.0",
    "1e16, 1.0000000272564224e+16",
    "4503599627370496e2, 4.503599627370496e+17",
    "1.1529215046068470e18, 1.152921504606847e+18",
    "3.4028234663852886e38, 3.4028234663852886e+38",
    "1e-45, 1.401298464324817e-45",
    "-2.5e-10, -2.4999999292951713e-10"
  })
  void a_float_is_printed_with_the_digits_and_the_exponent_of_python(String text, String printed) {
    assertThat(print((float) Double.parseDouble(text))).isEqualTo(printed);
  }

  @ParameterizedTest
  @CsvSource({
    "1e16, 1e+16",
    "1e15, 1000000000000000.0",
    "0.0001, 0.0001",
    "0.00001, 1e-05",
    "1e100, 1e+100",
    "1.5e300, 1.5e+300",
    "123456789012345680, 1.2345678901234568e+17"
  })
  void a_float64_changes_to_an_exponent_where_python_does(double value, String printed) {
    assertThat(print(value)).isEqualTo(printed);
  }

  @Test
  void what_is_not_finite_has_pythons_words_in_text_and_javascripts_in_json() {
    var json = new Ascii(16);
    PythonNumbers.appendJson(json, Double.NaN);
    PythonNumbers.appendJson(json, Double.NEGATIVE_INFINITY);
    assertThat(print(Double.NaN) + print(Double.POSITIVE_INFINITY)).isEqualTo("naninf");
    assertThat(StandardCharsets.US_ASCII.decode(json.toBuffer()).toString())
        .isEqualTo("NaN-Infinity");
  }

  @Test
  void every_float_reads_back_as_itself() {
    var random = new Random(42);
    for (int i = 0; i < 200_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      String printed = print(value);
      assertThat(Float.valueOf((float) parse(printed))).as(printed).isEqualTo(Float.valueOf(value));
    }
  }

  @Test
  void a_text_is_rounded_to_float64_first_as_python_does() {
    String twiceRounded = "1.00000005960464477539062500001";
    assertThat((float) parse(twiceRounded))
        .isEqualTo((float) Double.parseDouble(twiceRounded))
        .isNotEqualTo(Float.parseFloat(twiceRounded));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "+1, 1",
    "-.5, -0.5",
    "5., 5",
    "1E3, 1000",
    "1e-3, 0.001",
    "NaN, NaN",
    "-nan, NaN",
    "inf, Infinity",
    "-Infinity, -Infinity",
    "INF, Infinity"
  })
  void what_python_takes_for_a_number_is_one(String text, double value) {
    assertThat(Double.valueOf(parse(text))).isEqualTo(Double.valueOf(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "abc", "1f", "1d", "1.5D", "0x10", "0x1p3", "-0x1p3", "1e", "-", "+", ".", "1,5", "--1",
        "1 2", "infinit", "nanx", "é", "١"
      })
  void what_python_does_not_take_is_none(String text) {
    assertThatThrownBy(() -> parse(text)).isInstanceOf(NumberFormatException.class);
  }

  private static double parse(String text) {
    byte[] bytes = ("," + text + ",").getBytes(StandardCharsets.UTF_8);
    return PythonNumbers.parse(bytes, 1, bytes.length - 1);
  }

  private static String print(double value) {
    var out = new Ascii(1);
    PythonNumbers.append(out, value);
    return StandardCharsets.US_ASCII.decode(out.toBuffer()).toString();
  }
}
