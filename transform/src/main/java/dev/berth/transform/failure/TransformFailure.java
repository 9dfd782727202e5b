package dev.berth.transform.failure;

/** Why one object could not be transformed; the other objects of the job go on. */
public final class TransformFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private static final int NO_ANSWER = 0;
  private static final int SERVER_ERROR = 500;

  private final Kind kind;
  private final int status;
  private final transient Place place;

  private TransformFailure(Kind kind, int status, String message, Place place) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.place = place;
  }

  /** Who has to do something about it; opens the job's {@code FailureReason}. */
  public enum Kind {
    /** The data, the request, or the container's 4xx. */
    CLIENT("ClientError: See job logs for more information"),
    /** The container: 5xx, no answer, gone. */
    ALGORITHM("AlgorithmError: See job logs for more information"),
    /** S3 or this machine; worth another try. */
    INTERNAL("InternalServerError: We encountered an internal error.  Please try again."),
    /** The instance is gone; another one does the object. */
    INSTANCE_LOST("AlgorithmError: See job logs for more information");

    private final String sentence;

    Kind(String sentence) {
      this.sentence = sentence;
    }

    /** AWS's words (seen in FailureReason of jobs that failed so). */
    public String sentence() {
      return sentence;
    }
  }

  /**
   * Where in the object it went wrong.
   *
   * @param firstRecord index of the first record of the failed request, from 0; -1 when the failure
   *     is not of a request
   * @param lastRecord index of its last record
   * @param fromByte first byte of these records in the uncompressed object
   * @param toByte the byte behind the last one
   */
  public record Place(long firstRecord, long lastRecord, long fromByte, long toByte) {
    /** Not in a particular record. */
    public static final Place NONE = new Place(-1, -1, -1, -1);

    /** Returns it in words that go before a colon; empty where there is no place. */
    public String words() {
      if (firstRecord < 0) {
        return "";
      }
      String bytes = " (bytes %d to %d)".formatted(fromByte, toByte);
      return firstRecord == lastRecord
          ? "record " + firstRecord + bytes
          : "records %d to %d%s".formatted(firstRecord, lastRecord, bytes);
    }
  }

  /** Returns a failure of the data or the request. */
  public static TransformFailure client(String message) {
    return new TransformFailure(Kind.CLIENT, NO_ANSWER, message, Place.NONE);
  }

  /** Returns a failure of the container. */
  public static TransformFailure algorithm(String message) {
    return new TransformFailure(Kind.ALGORITHM, NO_ANSWER, message, Place.NONE);
  }

  /** Returns the refusal that a container answered with: its status, and the start of its body. */
  public static TransformFailure answered(int status, String answer) {
    return new TransformFailure(
        status < SERVER_ERROR ? Kind.CLIENT : Kind.ALGORITHM, status, answer, Place.NONE);
  }

  /** Returns a failure of S3 or this machine. */
  public static TransformFailure internal(String message) {
    return new TransformFailure(Kind.INTERNAL, NO_ANSWER, message, Place.NONE);
  }

  /** Returns the loss of the instance. */
  public static TransformFailure instanceLost(String message) {
    return new TransformFailure(Kind.INSTANCE_LOST, NO_ANSWER, message, Place.NONE);
  }

  /** Returns this failure with its place, unless it has one. */
  public TransformFailure at(Place where) {
    if (place.firstRecord() >= 0) {
      return this;
    }
    var placed = new TransformFailure(kind, status, text(), where);
    placed.setStackTrace(getStackTrace());
    return placed;
  }

  public Kind kind() {
    return kind;
  }

  /** HTTP status that a container answered with, 0 when none answered. */
  public int status() {
    return status;
  }

  /** Returns whether a container answered, so that its instance is there. */
  public boolean isAnswer() {
    return status != NO_ANSWER;
  }

  public Place place() {
    return place;
  }

  /** What happened, with the container's own words where it answered. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
