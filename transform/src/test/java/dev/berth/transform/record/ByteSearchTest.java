package dev.berth.transform.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
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

  private static int plain(byte[] bytes, int from, int to, byte wanted) {
    for (int at = from; at < to; at++) {
      if (bytes[at] == wanted) {
        return at;
      }
    }
    return -1;
  }
}
