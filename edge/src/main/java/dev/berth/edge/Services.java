package dev.berth.edge;

import io.netty.handler.codec.http.HttpRequest;

/**
 * The services behind the port, each with how it takes its requests.
 *
 * @param region the one region that SageMaker requests may be signed for
 * @param internal everything under {@code /_berth/}
 */
public record Services(
    String region,
    Destination internal,
    Destination controlPlane,
    Destination runtime,
    Destination sts,
    Destination s3)
    implements Dispatcher {

  @Override
  public Destination dispatch(HttpRequest head) {
    return switch (ServiceChoice.of(head.method(), head.uri(), head.headers(), region)) {
      case ServiceChoice.Service service ->
          switch (service) {
            case INTERNAL -> internal;
            case CONTROL_PLANE -> controlPlane;
            case RUNTIME -> runtime;
            case STS -> sts;
            case S3 -> {
              S3Requests.normalise(head);
              yield s3;
            }
          };
      case ServiceChoice.Refused(WireError error, ErrorForm form) ->
          new Destination.Refusal(error, form);
    };
  }
}
