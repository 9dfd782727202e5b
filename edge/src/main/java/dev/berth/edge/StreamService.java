package dev.berth.edge;

/** A service that takes its requests on the event loop, as they stream in. */
@FunctionalInterface
public interface StreamService {

  /**
   * Begins to serve a request whose head has come. May answer at once; what then comes of the body
   * is thrown away by the edge. Must not block.
   */
  RequestListener begin(Exchange exchange);
}
