package dev.berth.server;

import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Tells S3 clients where S3 is when the settings name one outside of Berth. */
record ElsewhereS3(URI endpoint) implements HttpService {

  @Override
  public HttpAnswer answer(HttpCall call) {
    String body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotImplemented</Code><Message>This Berth uses the S3 at %s; set AWS_ENDPOINT_URL_S3 to it.</Message><RequestId>%s</RequestId></Error>"
            .formatted(endpoint, call.requestId());
    return new HttpAnswer(
        501, Map.of("Content-Type", "application/xml"), StandardCharsets.UTF_8.encode(body));
  }
}
