package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.JsonText;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Turns an {@link InvocationFailure} into the runtime API's error.
 *
 * @param account account that owns the endpoints
 * @param region region in links and ARNs
 */
record FailureAnswers(String account, String region) {
  /** The model's limit on {@code Message} and {@code OriginalMessage}, in characters. */
  static final int MAX_MESSAGE_LENGTH = 2048;

  private static final HttpResponseStatus MODEL_ERROR = HttpResponseStatus.FAILED_DEPENDENCY;

  void send(Exchange exchange, InvocationFailure failure) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set(HttpHeaderNames.CONTENT_TYPE, SageMakerHeaders.JSON);
    headers.set(SageMakerHeaders.ERROR_TYPE, failure.type());
    HttpResponseStatus status =
        failure.status() == MODEL_ERROR.code()
            ? MODEL_ERROR
            : HttpResponseStatus.valueOf(failure.status());
    exchange.answer(status, headers, ByteBufUtil.writeUtf8(exchange.alloc(), body(failure)));
  }

  /** Returns the JSON document. */
  String body(InvocationFailure failure) {
    var json = new StringBuilder(512).append('{');
    switch (failure) {
      case InvocationFailure.ValidationError(String errorCode, String message) ->
          member(member(json, "ErrorCode", errorCode).append(','), "Message", message);
      case InvocationFailure.ModelNotReady(String message) -> member(json, "Message", message);
      case InvocationFailure.ServiceUnavailable(String message) -> member(json, "Message", message);
      case InvocationFailure.NotExecuted(String message) -> member(json, "Message", message);
      case InvocationFailure.ModelError error ->
          modelError(
              json,
              error.isClientError() ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL",
              error.endpoint(),
              error,
              error.originalMessage(),
              error.originalStatus());
      case InvocationFailure.HopTooLarge error ->
          modelError(
              json, "INTERNAL_FAILURE_FROM_MODEL", error.endpoint(), error, error.message(), 200);
    }
    return json.append('}').toString();
  }

  private void modelError(
      StringBuilder json,
      String code,
      String endpoint,
      InvocationFailure error,
      String originalMessage,
      int originalStatus) {
    String group = "/aws/sagemaker/Endpoints/" + endpoint;
    String link =
        " See https://"
            + region
            + ".console.aws.amazon.com/cloudwatch/home?region="
            + region
            + "#logEventViewer:group="
            + group
            + " in account "
            + account
            + " for more information.";
    String arn = "arn:aws:logs:" + region + ":" + account + ":log-group:" + group;
    member(json, "ErrorCode", code).append(',');
    member(json, "LogStreamArn", arn).append(',');
    member(json, "Message", capped(error.message() + link)).append(',');
    member(json, "OriginalMessage", capped(originalMessage)).append(',');
    json.append("\"OriginalStatusCode\":").append(originalStatus);
  }

  private static StringBuilder member(StringBuilder json, String name, String value) {
    json.append('"').append(name).append("\":");
    JsonText.append(json, value);
    return json;
  }

  private static String capped(String text) {
    return text.length() <= MAX_MESSAGE_LENGTH ? text : text.substring(0, MAX_MESSAGE_LENGTH);
  }
}
