package dev.berth.hosting.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;

class ArchiveStagingTest extends ArtifactFixture {
  @Test
  void an_archive_becomes_its_files() throws Exception {
    byte[] archive =
        new Tars()
            .directory("./")
            .file("./xgboost-model", "trees")
            .directory("./code/")
            .file("./code/inference.py", "pass")
            .file("deep/er/than/listed", "x")
            .gzip();
    assertThat(unpacked(archive))
        .isEqualTo(
            Map.of(
                "xgboost-model", "trees", "code/inference.py", "pass", "deep/er/than/listed", "x"));
  }

  @Test
  void an_empty_archive_becomes_an_empty_directory() throws Exception {
    assertThat(unpacked(new Tars().gzip())).isEmpty();
  }

  @Test
  void staged_files_are_read_only_and_readable_by_all() throws Exception {
    objects.put(MODEL, new Tars().file("a/data", "x").file("a/run.sh", new byte[1], 0700).gzip());
    try (StagedArtifact staged = stage(ARCHIVE)) {
      assertThat(permissions(staged.directory())).isEqualTo("r-xr-xr-x");
      assertThat(permissions(staged.directory().resolve("a"))).isEqualTo("r-xr-xr-x");
      assertThat(permissions(staged.directory().resolve("a/data"))).isEqualTo("r--r--r--");
      assertThat(permissions(staged.directory().resolve("a/run.sh"))).isEqualTo("r-xr-xr-x");
    }
  }

  @Test
  void pax_and_gnu_long_names_are_read() throws Exception {
    String name = "d".repeat(120) + "/" + "f".repeat(200);
    assertThat(unpacked(new Tars().file(name, "1").gzip())).containsOnlyKeys(name);
    assertThat(unpacked(new Tars().gnuLongNames().file(name, "2").gzip())).containsOnlyKeys(name);
  }

  @Test
  void several_gzip_members_are_one_archive() throws Exception {
    byte[] tar = new Tars().file("a", "x".repeat(5000)).file("b", "y").tar();
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.write(Tars.gzip(Arrays.copyOf(tar, 700)));
    both.write(Tars.gzip(Arrays.copyOfRange(tar, 700, tar.length)));
    assertThat(unpacked(both.toByteArray())).containsOnlyKeys("a", "b");
  }

  @Test
  void the_later_of_two_entries_of_one_name_wins() throws Exception {
    byte[] archive = new Tars().file("a", "first").file("./a", "second").gzip();
    assertThat(unpacked(archive)).isEqualTo(Map.of("a", "second"));
  }

  @Test
  void a_symbolic_link_is_refused() throws Exception {
    byte[] archive =
        new Tars()
            .special("weights", TarConstants.LF_SYMLINK, "/etc")
            .file("weights/x", "x")
            .gzip();
    assertThat(refusal(archive)).contains("'weights'", "symbolic link to '/etc'", "--dereference");
  }

  @Test
  void a_hard_link_is_refused() throws Exception {
    byte[] archive = new Tars().file("a", "x").special("b", TarConstants.LF_LINK, "a").gzip();
    assertThat(refusal(archive)).contains("'b'", "hard link to 'a'", "--hard-dereference");
  }

  @Test
  void devices_and_pipes_are_refused() throws Exception {
    assertThat(refusal(new Tars().special("d", TarConstants.LF_CHR, "").gzip())).contains("device");
    assertThat(refusal(new Tars().special("d", TarConstants.LF_BLK, "").gzip())).contains("device");
    assertThat(refusal(new Tars().special("p", TarConstants.LF_FIFO, "").gzip())).contains("pipe");
  }

  @Test
  void an_entry_of_an_unknown_type_is_refused() throws Exception {
    assertThat(refusal(new Tars().special("v", (byte) 'V', "").gzip())).contains("tar type 'V'");
  }

  @Test
  void paths_that_leave_the_root_are_refused() throws Exception {
    assertThat(refusal(new Tars().file("/etc/passwd", "x").gzip())).contains("absolute path");
    assertThat(refusal(new Tars().file("a/../../x", "x").gzip())).contains("segment '..'");
    assertThat(folder.resolve("x")).doesNotExist();
  }

  @Test
  void a_name_that_no_file_system_takes_is_refused() throws Exception {
    assertThat(refusal(new Tars().file("f".repeat(256), "x").gzip())).contains("256 bytes");
  }

  @Test
  void a_file_that_is_also_a_directory_is_refused() throws Exception {
    assertThat(refusal(new Tars().file("a", "x").file("a/b", "x").gzip())).contains("'a' clashes");
    assertThat(refusal(new Tars().directory("a/").file("a", "x").gzip())).contains("'a' clashes");
  }

  @Test
  void a_truncated_gzip_is_refused() throws Exception {
    byte[] noise = new byte[100_000];
    new Random(1).nextBytes(noise);
    byte[] whole = new Tars().file("a", noise, 0644).gzip();
    for (int length : new int[] {whole.length - 1, whole.length - 9, whole.length / 2, 3}) {
      assertThat(refusal(Arrays.copyOf(whole, length))).contains("damaged or cut off");
    }
  }

  @Test
  void a_flipped_bit_is_refused() throws Exception {
    byte[] noise = new byte[100_000];
    new Random(1).nextBytes(noise);
    byte[] archive = new Tars().file("a", noise, 0644).gzip();
    archive[archive.length / 2] ^= 1;
    assertThat(refusal(archive)).contains("damaged");
  }

  @Test
  void what_is_no_gzip_is_named_for_what_it_is() throws Exception {
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.putNextEntry(new ZipEntry("a"));
    }
    assertThat(refusal(zip.toByteArray())).contains("zip file", "tar -czf");
    assertThat(refusal(new Tars().file("a", "x").tar())).contains("tar without compression");
    assertThat(refusal("BZh91AY".getBytes(StandardCharsets.UTF_8))).contains("bzip2");
    assertThat(refusal(new byte[0])).contains("it is empty");
    assertThat(refusal(new byte[] {1, 2, 3, 4, 5})).contains("begins with the bytes 01 02 03 04");
  }

  @Test
  void a_gzip_that_holds_no_tar_is_refused() throws Exception {
    assertThat(refusal(Tars.gzip("just text".repeat(200).getBytes(StandardCharsets.UTF_8))))
        .contains("no tar archive");
    assertThat(refusal(Tars.gzip(new byte[0]))).contains("gzip file is empty");
  }

  @Test
  void an_archive_larger_than_the_budget_is_too_large() throws Exception {
    cache = cache(1 << 20, 10_000);
    objects.put(MODEL, new Tars().file("zeros", new byte[4 << 20], 0644).gzip());
    var failure = failure(ARCHIVE);
    assertThat(failure.kind()).isEqualTo(Kind.TOO_LARGE);
    assertThat(failure).hasMessageContaining("budget of 1,048,576 bytes");
  }

  @Test
  void an_archive_of_too_many_entries_is_too_large() throws Exception {
    cache = cache(Long.MAX_VALUE, 100);
    Tars tars = new Tars();
    for (int i = 0; i < 101; i++) {
      tars.file("f" + i, "");
    }
    objects.put(MODEL, tars.gzip());
    var failure = failure(ARCHIVE);
    assertThat(failure.kind()).isEqualTo(Kind.TOO_LARGE);
    assertThat(failure).hasMessageContaining("more than 100 files");
  }

  @Test
  void endless_padding_behind_the_archive_is_refused() throws Exception {
    byte[] tar = new Tars().file("a", "x").tar();
    assertThat(refusal(Tars.gzip(Arrays.copyOf(tar, 70 << 20)))).contains("follow the end");
  }

  private static String permissions(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
