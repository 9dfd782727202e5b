package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class EmbeddedObjectSourceTest extends ObjectSourceContract {
  @Override
  ObjectSource source() {
    return store.objects();
  }

  @Test
  void a_file_put_into_the_folder_by_hand_is_an_object() throws Exception {
    Path file = folder.resolve("buckets").resolve(BUCKET).resolve("by-hand");
    Files.writeString(file, "one");
    ObjectInfo before = objects.head(uri("by-hand"));
    assertThat(objects.open(before)).hasBinaryContent("one".getBytes(StandardCharsets.UTF_8));
    Files.writeString(file, "two");
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
    assertThat(objects.head(uri("by-hand"))).isNotEqualTo(before);
  }

  @Test
  void a_key_that_leaves_its_bucket_names_no_object() {
    assertThatThrownBy(() -> objects.head(uri("../../incoming/x")))
        .isInstanceOf(NoSuchObjectException.class);
  }
}
