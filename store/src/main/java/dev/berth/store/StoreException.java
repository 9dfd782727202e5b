package dev.berth.store;

import org.jspecify.annotations.Nullable;

/**
 * The store cannot do what it was asked: its file is damaged, the disk is full, it is closed. The
 * message names the file or folder and what to do; nothing of the failed write was kept.
 */
public final class StoreException extends RuntimeException {
  public StoreException(String message) {
    super(message);
  }

  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
