package dev.berth.server.cli;

import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** Turns what was thrown into the one line that a person reads. */
final class Failures {
  private Failures() {}

  /** Returns {@code failure} in one line, with what to do where that is known. */
  static String describe(Throwable failure) {
    return switch (failure) {
      case CommandFailure told -> String.valueOf(told.getMessage());
      case AwsServiceException refused -> describe(refused.awsErrorDetails(), refused);
      case NoSuchFileException missing -> "no such file: " + missing.getFile();
      case AccessDeniedException denied -> "no permission to read or write " + denied.getFile();
      case UncheckedIOException unchecked when unchecked.getCause() != null ->
          describe(unchecked.getCause());
      default -> lines(failure);
    };
  }

  /**
   * Returns {@code failure} as one that names {@code endpoint}, if it says that nothing answers
   * there, else as it is.
   */
  static RuntimeException at(URI endpoint, RuntimeException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case ConnectException _, NoRouteToHostException _ -> {
          return new CommandFailure(
              "nothing answers at %s; start Berth with 'berth serve', or name a running one with --endpoint-url"
                  .formatted(endpoint),
              failure);
        }
        case UnknownHostException _ -> {
          return new CommandFailure("unknown host in %s".formatted(endpoint), failure);
        }
        case SocketTimeoutException _ -> {
          return new CommandFailure("no answer in time from %s".formatted(endpoint), failure);
        }
        default -> {}
      }
    }
    return failure;
  }

  private static String describe(@Nullable AwsErrorDetails details, AwsServiceException refused) {
    if (details == null || details.errorMessage() == null || details.errorMessage().isBlank()) {
      return "the server answered HTTP " + refused.statusCode();
    }
    return "%s (%s)".formatted(oneLine(details.errorMessage()), details.errorCode());
  }

  private static String lines(Throwable failure) {
    var message = failure.getMessage();
    return message == null || message.isBlank()
        ? failure.getClass().getSimpleName()
        : oneLine(message);
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
