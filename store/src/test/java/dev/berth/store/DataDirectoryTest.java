package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  @TempDir private Path folder;

  @Test
  void a_missing_folder_and_its_sub_folders_are_made() {
    Path missing = folder.resolve("a/b");
    try (var data = DataDirectory.open(missing)) {
      assertThat(data.folder("artifacts")).isDirectory().hasParent(data.path());
      assertThat(data.file("berth.db")).hasParentRaw(data.path());
    }
  }

  @Test
  void a_second_server_in_this_process_is_refused() {
    try (var data = DataDirectory.open(folder)) {
      assertThatThrownBy(() -> DataDirectory.open(folder))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(data.path().toString())
          .hasMessageContaining("in use by another Berth server");
    }
  }

  @Test
  void a_second_server_in_another_process_is_refused_and_told_the_first_ones_pid()
      throws Exception {
    try (var data = DataDirectory.open(folder)) {
      assertThatThrownBy(() -> DataDirectory.open(folder)).isInstanceOf(StoreException.class);

      Process other = ChildJvm.start(Holder.class, folder.toString());
      try (BufferedReader said = other.inputReader()) {
        assertThat(said.readLine())
            .isEqualTo(
                "data folder %s is in use by another Berth server (process %d);"
                        .formatted(data.path(), ProcessHandle.current().pid())
                    + " stop it, or choose another folder");
      } finally {
        other.destroyForcibly();
      }
    }
  }

  @Test
  void a_killed_servers_folder_is_free_again() throws Exception {
    Process other = ChildJvm.start(Holder.class, folder.toString());
    try (BufferedReader said = other.inputReader()) {
      assertThat(said.readLine()).isEqualTo("locked");
      assertThatThrownBy(() -> DataDirectory.open(folder))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("(process " + other.pid() + ")");
    } finally {
      other.destroyForcibly().waitFor();
    }

    try (var data = DataDirectory.open(folder)) {
      assertThat(data.path()).isEqualTo(folder.toRealPath());
    }
  }

  @Test
  void a_closed_folder_can_be_opened_again() {
    DataDirectory.open(folder).close();

    try (var data = DataDirectory.open(folder)) {
      assertThat(data.path()).isDirectory();
    }
  }

  @Test
  void a_folder_whose_place_is_taken_by_a_file_is_refused() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));

    assertThatThrownBy(() -> DataDirectory.open(file))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file.toString());
  }

  /** A server that holds a folder until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws Exception {
      try (var _ = DataDirectory.open(Path.of(args[0]))) {
        System.out.println("locked");
        System.in.read();
      } catch (StoreException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
