package dev.berth.runtime.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import com.github.dockerjava.api.model.ResponseItem;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the engine tells of a pull, layer by layer, summed up for people. */
final class PullProgress extends ResultCallback.Adapter<PullResponseItem> {
  private final Consumer<String> progress;
  private final Map<String, Layer> layers = new HashMap<>();
  private volatile @Nullable String error;

  private record Layer(long doneBytes, long totalBytes, boolean isDone) {}

  PullProgress(Consumer<String> progress) {
    this.progress = progress;
  }

  /** Returns {@code image} with a tag: without one the engine would pull them all. */
  static String withTag(String image) {
    boolean isTagged = image.contains("@") || image.lastIndexOf(':') > image.lastIndexOf('/');
    return isTagged ? image : image + ":latest";
  }

  /** Returns why the pull failed, empty when it did not. */
  Optional<String> error() {
    return Optional.ofNullable(error);
  }

  @Override
  public void onNext(PullResponseItem item) {
    ResponseItem.ErrorDetail detail = item.getErrorDetail();
    if (detail != null) {
      error = String.valueOf(detail.getMessage());
    }
    String id = item.getId();
    String status = item.getStatus();
    if (id == null || status == null) {
      return;
    }
    ResponseItem.ProgressDetail bytes = item.getProgressDetail();
    switch (status) {
      case "Pulling fs layer", "Waiting" -> layers.put(id, new Layer(0, 0, false));
      case "Downloading" -> layers.put(id, new Layer(current(bytes), total(bytes), false));
      case "Download complete", "Verifying Checksum" ->
          layers.computeIfPresent(
              id, (_, layer) -> new Layer(layer.totalBytes(), layer.totalBytes(), false));
      case "Pull complete", "Already exists" -> {
        long size = layers.getOrDefault(id, new Layer(0, 0, true)).totalBytes();
        layers.put(id, new Layer(size, size, true));
      }
      default -> {}
    }
    if (!layers.isEmpty()) {
      progress.accept(summary());
    }
  }

  private String summary() {
    long complete = layers.values().stream().filter(Layer::isDone).count();
    long done = layers.values().stream().mapToLong(Layer::doneBytes).sum();
    long total = layers.values().stream().mapToLong(Layer::totalBytes).sum();
    return "%d of %d layers, %d of %d MB"
        .formatted(complete, layers.size(), done / 1_000_000, total / 1_000_000);
  }

  private static long current(ResponseItem.@Nullable ProgressDetail detail) {
    Long bytes = detail == null ? null : detail.getCurrent();
    return bytes == null ? 0 : bytes;
  }

  private static long total(ResponseItem.@Nullable ProgressDetail detail) {
    Long bytes = detail == null ? null : detail.getTotal();
    return bytes == null ? 0 : bytes;
  }
}
