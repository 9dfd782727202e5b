package dev.berth.hosting.runtime;

import java.util.Arrays;
import java.util.Optional;

/**
 * Whose instances they are.
 *
 * @param id unique id of the resource, not its name: a deleted and re-created one has another
 */
public record Owner(Kind kind, String id) {

  /** Resources that instances are started for. */
  public enum Kind {
    ENDPOINT("endpoint"),
    TRANSFORM_JOB("transform-job");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Returns the kind whose {@link #label()} this is. */
    public static Optional<Kind> labelled(String label) {
      return Arrays.stream(values()).filter(kind -> kind.label.equals(label)).findFirst();
    }

    /** Its name in labels, as in ARNs. */
    public String label() {
      return label;
    }
  }

  /** Returns the endpoint with this id. */
  public static Owner endpoint(String id) {
    return new Owner(Kind.ENDPOINT, id);
  }

  /** Returns the transform job with this id. */
  public static Owner transformJob(String id) {
    return new Owner(Kind.TRANSFORM_JOB, id);
  }

  @Override
  public String toString() {
    return kind.label + "/" + id;
  }
}
