package dev.berth.hosting.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntryNamesTest {
  @ParameterizedTest
  @CsvSource({
    "model.bin, model.bin",
    "./model.bin, model.bin",
    "./code/inference.py, code/inference.py",
    "a//b/./c, a/b/c",
    "code/, code",
    "./, ''",
    "..data/x, ..data/x"
  })
  void a_member_is_named_as_tar_would_write_it(String name, String path) {
    assertThat(EntryNames.ofMember(name)).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/etc/passwd", "../x", "a/../../x", "a/..", "nul\0name"})
  void a_member_that_could_leave_its_root_is_refused(String name) {
    assertThatThrownBy(() -> EntryNames.ofMember(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_segment_may_have_255_bytes_and_no_more() {
    assertThat(EntryNames.ofMember("ü".repeat(127))).hasSize(127);
    assertThatThrownBy(() -> EntryNames.ofMember("ü".repeat(128)))
        .hasMessage("its name has a segment of 256 bytes; 255 is the most");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "folder/", "a//b", " /x", ".", "a/./b", "..", "a/../b", "/a"})
  void a_key_that_sagemaker_refuses_is_refused(String rest) {
    assertThatThrownBy(() -> EntryNames.ofKey(rest)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_key_below_its_prefix_is_its_path() {
    assertThat(EntryNames.ofKey("weights/part 1.bin")).isEqualTo("weights/part 1.bin");
  }
}
