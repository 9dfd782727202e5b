package dev.berth.api.shape;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextPatternTest {
  @Test
  void the_whole_text_must_match() {
    assertThat(new TextPattern("[a-z]+").matches("abc")).isTrue();
    assertThat(new TextPattern("[a-z]+").matches("abc1")).isFalse();
    assertThat(new TextPattern("^[a-z]+$").matches("abc\n")).isFalse();
  }

  @Test
  void backtracking_without_end_is_no_match() {
    assertThat(new TextPattern("(a+)+b").matches("a".repeat(60))).isFalse();
  }

  @Test
  void a_repetition_deeper_than_the_stack_is_no_match() {
    assertThat(new TextPattern("(a|b)*").matches("ab".repeat(30_000))).isFalse();
  }

  @Test
  void a_text_longer_than_any_value_is_no_match() {
    assertThat(new TextPattern(".*").matches("a".repeat(200_000))).isFalse();
  }
}
