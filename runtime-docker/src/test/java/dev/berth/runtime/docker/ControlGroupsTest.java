package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written where; {@link SeveralContainersTest} tries it on the kernel. */
class ControlGroupsTest {
  private static final Assignment PIPELINE =
      new Assignment(
          new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-1"),
          "shop",
          2,
          Optional.of("ml.m5.large"),
          Duration.ofSeconds(1),
          NetworkSpec.UNRESTRICTED,
          Optional.empty());

  @TempDir Path mount;

  @Test
  void the_unified_hierarchy_is_told_of_the_controller_on_the_way_down() throws IOException {
    Path ours = mount.resolve("berth/abc");
    Path group = ours.resolve("i-1");
    Files.createDirectories(group);
    Files.writeString(mount.resolve("cgroup.controllers"), "cpu memory\n");
    for (Path above : List.of(mount, mount.resolve("berth"), ours)) {
      Files.writeString(above.resolve("cgroup.subtree_control"), "");
    }
    Files.writeString(group.resolve("memory.max"), "max");
    Files.writeString(group.resolve("memory.swap.max"), "max");
    var groups = new ControlGroups(mount, "abc");

    assertThat(groups.make(PIPELINE, 1 << 20)).isEqualTo("/berth/abc/i-1");
    for (Path above : List.of(mount, mount.resolve("berth"), ours)) {
      assertThat(above.resolve("cgroup.subtree_control")).hasContent("+memory");
    }
    assertThat(group.resolve("memory.max")).hasContent("1048576");
    assertThat(group.resolve("memory.swap.max")).hasContent("0");
  }

  @Test
  void a_group_that_the_kernel_does_not_bound_is_refused() {
    assertThatThrownBy(() -> new ControlGroups(mount, "abc").make(PIPELINE, 1 << 20))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("memory.limit_in_bytes");
  }

  @Test
  void containers_are_held_only_where_each_is_in_the_group() throws IOException {
    Path group = mount.resolve("memory/berth/abc/i-1");
    Files.createDirectories(group.resolve("one"));
    Files.writeString(group.resolve("memory.limit_in_bytes"), "4096\n");
    var groups = new ControlGroups(mount, "abc");

    assertThat(groups.holds(PIPELINE, List.of("one"), 4096)).isTrue();
    assertThat(groups.holds(PIPELINE, List.of("one", "two"), 4096)).isFalse();
    assertThat(groups.holds(PIPELINE, List.of("one"), 4095)).isFalse();
  }

  @Test
  void an_engine_that_is_elsewhere_or_has_systemd_make_groups_is_an_obstacle() {
    assertThat(ControlGroups.obstacle(engine("cgroupfs", true))).isEmpty();
    assertThat(ControlGroups.obstacle(engine("systemd", true)))
        .hasValueSatisfying(why -> assertThat(why).contains("'systemd'"));
    assertThat(ControlGroups.obstacle(engine("cgroupfs", false))).isPresent();
  }

  private static Engine.Facts engine(String groupDriver, boolean isHere) {
    return new Engine.Facts("1", 4, 1L << 30, true, groupDriver, isHere);
  }
}
