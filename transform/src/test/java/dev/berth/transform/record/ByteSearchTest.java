package dev.berth.transform.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ByteSearchTest {
  @Test
  void the_first_of_any_bytes_is_found_between_any_bounds() {
    var random = new Random(1);
    byte[] bytes = new byte[40];
    for (int round = 0; round < 100_000; round++) {
      random.nextBytes(bytes);
      int from = random.nextInt(bytes.length);
      int to = from + random.nextInt(bytes.length - from + 1);
      byte wanted = (byte) random.nextInt(256);
      bytes[random.nextInt(bytes.length)] = wanted;
      assertThat(ByteSearch.indexOf(bytes, from, to, wanted))
          .isEqualTo(plain(bytes, from, to, wanted));
    }
  }

  @Test
  void the_last_of_any_bytes_and_their_number_are_right_between_any_bounds() {
    var random = new Random(2);
    byte[] bytes = new byte[40];
    for (int round = 0; round < 100_000; round++) {
      random.nextBytes(bytes);
      byte wanted = (byte) random.nextInt(256);
      for (int i = random.nextInt(bytes.length); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) (wanted ^ random.nextInt(2));
      }
      int from = random.nextInt(bytes.length);
      int to = from + random.nextInt(bytes.length - from + 1);
      int[] places = places(bytes, from, to, wanted);

      assertThat(ByteSearch.count(bytes, from, to, wanted)).isEqualTo(places.length);
      byte other = (byte) (wanted ^ 1);
      assertThat(ByteSearch.countWithout(bytes, from, to, wanted, other))
          .isEqualTo(places(bytes, from, to, other).length > 0 ? -1 : places.length);
      assertThat(ByteSearch.lastIndexOf(bytes, from, to, wanted))
          .isEqualTo(places.length == 0 ? -1 : places[places.length - 1]);
    }
  }

  private static int[] places(byte[] bytes, int from, int to, byte wanted) {
    return IntStream.range(from, to).filter(at -> bytes[at] == wanted).toArray();
  }

  private static int plain(byte[] bytes, int from, int to, byte wanted) {
    for (int at = from; at < to; at++) {
      if (bytes[at] == wanted) {
        return at;
      }
    }
    return -1;
  }
}
