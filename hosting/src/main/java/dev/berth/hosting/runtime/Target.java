package dev.berth.hosting.runtime;

import java.net.InetSocketAddress;

/** Where one container of an instance takes invocations. */
public sealed interface Target {

  /** A model in this JVM, invoked without HTTP. */
  record InProcess(InProcessModel model) implements Target {}

  /**
   * A container's HTTP server.
   *
   * @param path where it takes {@code POST}s: {@code /invocations}, or that of one of its models
   */
  record Http(InetSocketAddress address, String path) implements Target {

    /** One that takes {@code POST /invocations}. */
    public Http(InetSocketAddress address) {
      this(address, "/invocations");
    }
  }

  /** A container of Mode {@code MultiModel}: each invocation names one of its models. */
  record MultiModel(ModelHost host) implements Target {}
}
