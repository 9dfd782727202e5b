package dev.berth.gateway;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a container of a pipeline is told ahead of its request's body.
 *
 * @param contentType the client's for the first container, else that of the answer before
 * @param accept for the last container, or for all, as {@link GatewayConfig.PipelineAccept} says
 * @param customAttributes the client's
 * @param inferenceId the client's
 * @param length bytes of the body, -1 where nobody knows yet
 */
record HopRequest(
    @Nullable String contentType,
    @Nullable String accept,
    @Nullable String customAttributes,
    @Nullable String inferenceId,
    long length) {

  /** Length of a body that comes in chunks. */
  static final long UNKNOWN = -1;

  /** Returns what the first container is told of a client's request. */
  static HopRequest first(HttpRequest request, boolean hasAccept) {
    HttpHeaders headers = request.headers();
    return new HopRequest(
        headers.get(HttpHeaderNames.CONTENT_TYPE),
        hasAccept ? headers.get(HttpHeaderNames.ACCEPT) : null,
        headers.get(SageMakerHeaders.CUSTOM_ATTRIBUTES),
        headers.get(SageMakerHeaders.INFERENCE_ID),
        HttpUtil.isTransferEncodingChunked(request)
            ? UNKNOWN
            : HttpUtil.getContentLength(request, 0L));
  }

  /** Returns what the next container is told: the same client's, with the answer as its payload. */
  static HopRequest next(HttpRequest request, boolean hasAccept, HopAnswer answer) {
    HttpHeaders headers = request.headers();
    return new HopRequest(
        answer.contentType(),
        hasAccept ? headers.get(HttpHeaderNames.ACCEPT) : null,
        headers.get(SageMakerHeaders.CUSTOM_ATTRIBUTES),
        headers.get(SageMakerHeaders.INFERENCE_ID),
        answer.length());
  }

  /**
   * Returns the head to send to a container.
   *
   * @param targetModel the client's, for a container with many models
   * @throws IllegalArgumentException if a model in this JVM gave a content type that is no header
   */
  HttpRequest toContainer(InetSocketAddress address, String path, @Nullable String targetModel) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set(HttpHeaderNames.HOST, ContainerInvocation.host(address));
    set(headers, HttpHeaderNames.CONTENT_TYPE, contentType);
    set(headers, HttpHeaderNames.ACCEPT, accept);
    set(headers, SageMakerHeaders.CUSTOM_ATTRIBUTES, customAttributes);
    set(headers, SageMakerHeaders.INFERENCE_ID, inferenceId);
    set(headers, SageMakerHeaders.TARGET_MODEL, targetModel);
    if (length == UNKNOWN) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
    }
    return new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, path, headers);
  }

  private static void set(HttpHeaders headers, AsciiString name, @Nullable String value) {
    if (value != null) {
      headers.set(name, value);
    }
  }
}
