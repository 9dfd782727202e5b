package dev.berth.transform.body;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchTest {
  private static final int MIB = 1 << 20;

  @TempDir Path folder;
  private Scratch scratch;

  @BeforeEach
  void open() {
    scratch = new Scratch(folder, 10 * MIB);
  }

  @Test
  void the_next_body_uses_the_heap_of_one_that_is_over() throws IOException {
    try (Body held = body(1)) {
      assertThat(held.length()).isEqualTo(1);
      body(3 * MIB).close();
      long kept = scratch.idleBytes();

      try (Body next = body(3 * MIB - 1000)) {
        assertThat(next.length()).isPositive();
        assertThat(scratch.idleBytes()).isEqualTo(kept - 3 * MIB);
      }
    }
  }

  @Test
  void no_heap_is_kept_when_no_body_is_left() throws IOException {
    body(3 * MIB).close();
    try (Body held = body(1)) {
      assertThat(held.length()).isEqualTo(1);
      body(MIB).close();
      assertThat(scratch.idleBytes()).isPositive();
    }
    assertThat(scratch.idleBytes()).isZero();
    assertThat(scratch.usedBytes()).isZero();
  }

  @Test
  void kept_heap_of_other_sizes_gives_way_to_a_body() throws IOException {
    try (Body held = body(1)) {
      assertThat(held.length()).isEqualTo(1);
      body(3 * MIB).close();
      body(4 * MIB).close();
      try (Body large = body(8 * MIB)) {
        assertThat(large).isInstanceOf(Body.OnHeap.class);
        assertThat(scratch.usedBytes() + scratch.idleBytes()).isLessThanOrEqualTo(10 * MIB);
      }
    }
  }

  @Test
  void what_does_not_fit_on_the_heap_is_in_a_file() throws IOException {
    try (Body large = body(8 * MIB);
        Body other = body(4 * MIB)) {
      assertThat(large).isInstanceOf(Body.OnHeap.class);
      assertThat(other).isInstanceOf(Body.InFile.class);
      assertThat(folder).isNotEmptyDirectory();
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void bodies_that_are_there_at_once_keep_their_bytes() throws IOException {
    var random = new Random(4);
    var bodies = new Body[6];
    var seeds = new long[bodies.length];
    for (int turn = 0; turn < 500; turn++) {
      int at = random.nextInt(bodies.length);
      if (bodies[at] != null) {
        var bytes = new ByteArrayOutputStream();
        bodies[at].writeTo(bytes);
        assertThat(Arrays.equals(bytes.toByteArray(), bytes(seeds[at]))).isTrue();
        bodies[at].close();
      }
      seeds[at] = turn;
      bodies[at] = spooled(bytes(turn), random);
    }
    for (Body body : bodies) {
      if (body != null) {
        body.close();
      }
    }
    assertThat(scratch.usedBytes()).isZero();
    assertThat(folder).isEmptyDirectory();
  }

  private Body body(int length) throws IOException {
    try (Spool spool = scratch.spool(length)) {
      spool.write(new byte[length]);
      return spool.body();
    }
  }

  private Body spooled(byte[] bytes, Random random) throws IOException {
    try (Spool spool = scratch.spool(random.nextBoolean() ? bytes.length : 0)) {
      for (int at = 0; at < bytes.length; ) {
        int count = Math.min(bytes.length - at, 1 + random.nextInt(MIB));
        spool.write(bytes, at, count);
        at += count;
      }
      return spool.body();
    }
  }

  private static byte[] bytes(long seed) {
    var random = new Random(seed);
    byte[] bytes = new byte[random.nextInt(4 * MIB)];
    random.nextBytes(bytes);
    return bytes;
  }
}
