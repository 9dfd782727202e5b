package dev.berth.runtime.docker;

/**
 * Whether an engine is there and answers, for people.
 *
 * @param isUsable whether images run
 * @param found what was found
 * @param advice what to do about it, empty if nothing
 */
public record EngineCheck(boolean isUsable, String found, String advice) {

  /** Looks; takes a few seconds at most. */
  public static EngineCheck of(EngineAddress address) {
    if (address.obstacle().isPresent()) {
      return new EngineCheck(
          false, address.obstacle().get(), "only built-in and berth/… images run, without one");
    }
    try (var engine = new Engine(address.present().orElseThrow())) {
      return new EngineCheck(
          true,
          "engine %s at %s, named by %s"
              .formatted(engine.facts().version(), engine.address(), address.origin()),
          "");
    } catch (EngineException e) {
      boolean isForbidden = e.text().contains("Permission denied");
      return new EngineCheck(
          false,
          e.text(),
          isForbidden
              ? "add yourself to the group that owns the socket, such as docker"
              : "start it; until then only built-in and berth/… images run");
    }
  }

  /** Looks whether EnableNetworkIsolation can be guaranteed; takes a few seconds at most. */
  public static EngineCheck ofIsolation(EngineAddress address) {
    if (address.obstacle().isPresent()) {
      return new EngineCheck(false, "there is no engine to isolate containers on", "");
    }
    try (var engine = new Engine(address.present().orElseThrow())) {
      return Networks.isolationObstacle(engine, new IsolationGuard())
          .map(obstacle ->
              new EngineCheck(
                  false,
                  "models with EnableNetworkIsolation are refused: " + obstacle,
                  "run Berth as root beside an engine that does too"))
          .orElse(
              new EngineCheck(
                  true,
                  "isolated containers reach nobody: their networks forward nothing, and this machine's firewall drops what they send it",
                  ""));
    } catch (EngineException e) {
      return new EngineCheck(false, e.text(), "");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new EngineCheck(false, "interrupted", "");
    }
  }

  /** Looks whether containers can get credentials of their roles; takes a few seconds at most. */
  public static EngineCheck ofRoles(EngineAddress address) {
    if (address.obstacle().isPresent()) {
      return new EngineCheck(false, "there is no engine with containers that have roles", "");
    }
    try (var engine = new Engine(address.present().orElseThrow())) {
      if (!engine.facts().isHere()) {
        return new EngineCheck(
            false,
            "containers get none: the networks of the engine at %s are not this machine's"
                .formatted(engine.address()),
            "use an engine that runs as root on this machine");
      }
      return Networks.rolesObstacle(engine)
          .map(obstacle ->
              new EngineCheck(
                  false, "new containers get none: " + obstacle.text(), obstacle.advice()))
          .orElse(
              new EngineCheck(
                  true, "containers get their role's at %s".formatted(RolesNetwork.ADDRESS), ""));
    } catch (EngineException e) {
      return new EngineCheck(false, e.text(), "");
    }
  }
}
