package dev.berth.edge;

import io.netty.handler.codec.http.HttpRequest;

/** Says where a request goes, from its head alone. Called on event loops: must not block. */
@FunctionalInterface
public interface Dispatcher {
  Destination dispatch(HttpRequest head);
}
