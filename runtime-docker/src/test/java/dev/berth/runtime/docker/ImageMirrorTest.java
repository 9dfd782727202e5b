package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ImageMirrorTest {
  private static final String IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/img:1.0";

  @Test
  void stars_are_carried_over() {
    var mirror = new ImageMirror("*.dkr.ecr.*.amazonaws.com/**", "registry.corp:5000/$1/$2/$3");

    assertThat(mirror.of(IMAGE)).contains("registry.corp:5000/123456789012/eu-west-1/team/img:1.0");
  }

  @Test
  void one_star_ends_at_a_slash() {
    assertThat(new ImageMirror("*/img:*", "r/$1").of(IMAGE)).isEmpty();
    assertThat(new ImageMirror("*/team/img:*", "r/x:$2").of(IMAGE)).contains("r/x:1.0");
  }

  @Test
  void a_pattern_is_for_whole_names_and_nothing_in_it_but_stars_is_special() {
    assertThat(new ImageMirror("123456789012.dkr", "r").of(IMAGE)).isEmpty();
    assertThat(new ImageMirror("1.1/(a|b)*", "r/$1").of("1x1/(a|b)c")).isEmpty();
    assertThat(new ImageMirror("1.1/(a|b)*", "r/$1").of("1.1/(a|b)c")).contains("r/c");
  }

  @Test
  void digests_pass() {
    assertThat(new ImageMirror("a/**", "b/$1").of("a/img@sha256:0123"))
        .contains("b/img@sha256:0123");
  }

  @Test
  void a_reference_to_no_star_is_refused() {
    assertThatThrownBy(() -> new ImageMirror("*.dkr.ecr.*/**", "r/$4"))
        .hasMessage("'r/$4' refers to $4, but '*.dkr.ecr.*/**' has 3 stars");
  }
}
