package dev.berth.hosting.endpoint;

/** The states of an endpoint that Berth takes; a subset of the API's enum EndpointStatus. */
enum EndpointStatus {
  CREATING("Creating"),
  IN_SERVICE("InService"),
  UPDATING("Updating"),
  FAILED("Failed"),
  DELETING("Deleting");

  private final String wire;

  EndpointStatus(String wire) {
    this.wire = wire;
  }

  /** As stored and as on the wire. */
  String wire() {
    return wire;
  }

  static EndpointStatus of(String wire) {
    for (EndpointStatus status : values()) {
      if (status.wire.equals(wire)) {
        return status;
      }
    }
    throw new IllegalArgumentException("not an endpoint status: '%s'".formatted(wire));
  }
}
