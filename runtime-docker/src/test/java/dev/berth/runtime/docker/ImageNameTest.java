package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImageNameTest {
  private static final String ID = "sha256:" + "0".repeat(64);
  private static final String DIGEST = "sha256:" + "a".repeat(64);
  private static final String OTHER = "sha256:" + "b".repeat(64);

  @Test
  void a_registrys_port_is_not_a_tag() {
    assertThat(ImageName.of("registry.corp.example:5000/team/img"))
        .isEqualTo(new ImageName("registry.corp.example:5000/team/img", ""));
    assertThat(ImageName.of("registry.corp.example:5000/team/img:tag@" + DIGEST))
        .isEqualTo(new ImageName("registry.corp.example:5000/team/img", DIGEST));
  }

  @Test
  void an_image_stands_for_the_digest_it_has_in_its_own_repository() {
    assertThat(
            ImageName.of("mine/img:1")
                .resolved(List.of("other/img@" + OTHER, "mine/img@" + DIGEST), ID))
        .isEqualTo("mine/img@" + DIGEST);
  }

  @Test
  void an_image_of_another_repository_has_the_same_digest_in_its_own() {
    assertThat(ImageName.of("mine/img:1").resolved(List.of("mirror/img@" + DIGEST), ID))
        .isEqualTo("mine/img@" + DIGEST);
  }

  @Test
  void a_digest_that_is_given_is_what_it_stands_for() {
    assertThat(ImageName.of("mine/img@" + DIGEST).resolved(List.of("mine/img@" + OTHER), ID))
        .isEqualTo("mine/img@" + DIGEST);
  }

  @Test
  void an_image_that_was_never_in_a_registry_stands_for_its_id() {
    assertThat(ImageName.of("mine:1").resolved(List.of(), ID)).isEqualTo(ID);
  }
}
