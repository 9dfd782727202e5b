package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.S3Uri;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EmbeddedObjectSinkTest extends ObjectSinkContract {
  @Override
  ObjectSink sink() {
    return store.sink();
  }

  @Test
  void a_kms_key_is_refused_by_name() {
    assertThat(sink().encrypts()).isFalse();
    assertThatThrownBy(() -> sink().begin(new S3Uri("outputs", "k"), Optional.of("my-key")))
        .hasMessageContaining("my-key")
        .hasMessageContaining("no KMS");
  }
}
