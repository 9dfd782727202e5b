package dev.berth.hosting.artifact;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Writes objects to S3, the embedded store or an external one. Blocks; many threads at a time. An
 * object is there whole or not at all: nobody sees a part of it, and what was there before stays
 * until the new one is complete. Every failure is an {@link IOException} whose message names
 * bucket, key and cause; S3's refusals are those of {@link ObjectSource}.
 */
public interface ObjectSink {

  /**
   * Begins an object of unknown length.
   *
   * @param kmsKeyId key to encrypt it with, as S3 knows it; only where {@link #encrypts}
   */
  Upload begin(S3Uri uri, Optional<String> kmsKeyId) throws IOException;

  /** Returns whether objects can be encrypted with a KMS key. */
  boolean encrypts();

  /** One object being written. One thread at a time. */
  interface Upload extends AutoCloseable {

    /** Where its bytes go; always the same stream, which needs no closing. */
    OutputStream stream();

    /** Makes the object visible, durably; the upload is over then. */
    void commit() throws IOException;

    /** Gives the object up, unless it was committed; nothing of it stays. */
    @Override
    void close();
  }
}
