package dev.berth.hosting.runtime;

import java.net.InetAddress;
import java.util.Map;

/**
 * Where containers get the credentials of their role, and reach AWS's services as Berth speaks
 * them. Many threads at a time.
 */
public interface RoleEndpoint {

  /**
   * Begins to answer at {@code address}, if that hasn't begun yet.
   *
   * @param address of this machine, which containers reach
   * @param prefixLength bits of it that are the network's: nobody from elsewhere is answered
   * @throws IllegalStateException whose message says why it can't be listened on
   */
  void open(InetAddress address, int prefixLength);

  /**
   * Returns the environment with which AWS SDKs in an instance's containers find it; stays good
   * over a restart. {@link #open} came before.
   */
  Map<String, String> environment(InstanceId instance, String roleArn);
}
