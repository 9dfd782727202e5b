package dev.berth.hosting.runtime;

/**
 * Identity of an instance: one replica of a variant in one generation of an endpoint's fleet.
 * Runtimes keep it with what they run (labels), so that a restarted Berth knows its own.
 *
 * @param endpointId unique id of the endpoint resource, not its name: a deleted and re-created
 *     endpoint has another one
 * @param generation generation of the fleet, from 1; each deployment makes the next
 * @param variant production variant's name
 * @param instance name within the endpoint, as in log streams: {@code i-} and 17 hex digits
 */
public record InstanceId(String endpointId, long generation, String variant, String instance) {

  @Override
  public String toString() {
    return endpointId + "/" + generation + "/" + variant + "/" + instance;
  }
}
