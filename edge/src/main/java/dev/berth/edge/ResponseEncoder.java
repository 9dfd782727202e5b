package dev.berth.edge;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** The answer encoder of a connection; leaves out the body of an answer to HEAD. */
final class ResponseEncoder extends HttpResponseEncoder {
  private boolean isForHead;

  /** Says whether the next answer is one to HEAD. */
  void nextIsForHead(boolean isHead) {
    isForHead = isHead;
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpResponse response) {
    return isForHead || super.isContentAlwaysEmpty(response);
  }
}
