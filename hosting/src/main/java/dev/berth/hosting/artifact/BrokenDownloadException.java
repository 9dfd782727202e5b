package dev.berth.hosting.artifact;

import java.io.IOException;

/** An object's bytes stopped coming; told apart from faults in the bytes themselves. */
final class BrokenDownloadException extends IOException {
  BrokenDownloadException(String message, Throwable cause) {
    super(message, cause);
  }

  BrokenDownloadException(String message) {
    super(message);
  }
}
