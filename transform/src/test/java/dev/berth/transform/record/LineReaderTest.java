package dev.berth.transform.record;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.transform.failure.TransformFailure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineReaderTest {
  private static final String[] PIECES = {"a", "bc", ",", "\"", "\n", "\n", "\r\n", "\r", "ü", ""};

  @Test
  void records_taken_together_are_those_taken_one_by_one() throws IOException, TransformFailure {
    var random = new Random(3);
    long together = 0;
    for (int round = 0; round < 20_000; round++) {
      String text = text(random);
      boolean isCsv = random.nextBoolean();
      long most = random.nextLong(8, 48);
      List<String> expected = oneByOne(reader(text, isCsv, random));

      LineReader reader = reader(text, isCsv, random);
      int at = 0;
      while (reader.next()) {
        long further = reader.content().length() > most ? 0 : reader.extend(most);
        String taken = String.join("", expected.subList(at, at + 1 + (int) further));
        assertThat(text(reader.raw())).as("of %s", text).isEqualTo(taken);
        assertThat(text(reader.content())).isEqualTo(taken.replaceFirst("\r?\n\\z", ""));
        assertThat(further == 0 || reader.content().length() <= most).isTrue();
        at += 1 + (int) further;
        together += further;
      }
      assertThat(at).isEqualTo(expected.size());
    }
    assertThat(together).isPositive();
  }

  @Test
  void as_many_records_are_taken_together_as_fit() throws IOException, TransformFailure {
    assertThat(extended("ab\ncd\nef\n", 5)).isEqualTo("ab\ncd");
    assertThat(extended("ab\r\ncd\r\nef\n", 6)).isEqualTo("ab\r\ncd");
    assertThat(extended("ab\r\ncd\r\nef\n", 5)).isEqualTo("ab");
    assertThat(extended("ab\ncd\nef\n", Long.MAX_VALUE)).isEqualTo("ab\ncd\nef");
    assertThat(extended("ab\n\n\ncd\n", 4)).isEqualTo("ab\n\n");
  }

  private static String extended(String text, long mostBytes) throws IOException, TransformFailure {
    var reader = new LineReader(stream(text), true, Long.MAX_VALUE);
    assertThat(reader.next()).isTrue();
    var _ = reader.extend(mostBytes);
    return text(reader.content());
  }

  private static String text(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(60); i > 0; i--) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  private static List<String> oneByOne(LineReader reader) throws IOException, TransformFailure {
    var records = new ArrayList<String>();
    while (reader.next()) {
      records.add(text(reader.raw()));
    }
    return records;
  }

  /** Gives some bytes at a time. */
  private static LineReader reader(String text, boolean isCsv, Random random) {
    int most = 1 + random.nextInt(30);
    return new LineReader(
        new InputStream() {
          private final InputStream all = stream(text);

          @Override
          public int read() throws IOException {
            return all.read();
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return all.read(bytes, offset, Math.min(length, most));
          }
        },
        isCsv,
        Long.MAX_VALUE);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(RecordReader.Slice slice) {
    return new String(slice.toArray(), StandardCharsets.UTF_8);
  }
}
