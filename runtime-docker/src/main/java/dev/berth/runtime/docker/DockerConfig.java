package dev.berth.runtime.docker;

import java.nio.file.Path;
import java.time.Duration;

/**
 * The Docker runtime's settings.
 *
 * @param engine where the engine listens
 * @param installation identity of this Berth's data folder, letters and digits: what carries
 *     another one is never touched
 * @param region value of {@code AWS_REGION} in containers
 * @param health when an instance counts as healthy and when no longer
 * @param stopGrace from SIGTERM to SIGKILL; SageMaker gives 30 s
 * @param access where images come from, and whom containers reach
 * @param models folder for what multi-model containers see as {@code /opt/ml/models}; best on the
 *     file system of the staged artifacts, as their files are linked there
 */
public record DockerConfig(
    EngineAddress engine,
    String installation,
    String region,
    Health health,
    Duration stopGrace,
    DockerAccess access,
    Path models) {

  /**
   * The ping schedule.
   *
   * @param attempt limit of one {@code GET /ping}, from connecting to the status line
   * @param startInterval pause between attempts until the first healthy one
   * @param interval pause between attempts after it
   * @param threshold failures in a row that make a serving instance unhealthy
   * @param firstPause pause before a container that ended while it started is started again;
   *     doubles each time
   * @param longestPause where the doubling ends
   */
  public record Health(
      Duration attempt,
      Duration startInterval,
      Duration interval,
      int threshold,
      Duration firstPause,
      Duration longestPause) {

    /** Returns SageMaker's schedule; where it is undocumented, what was observed of it. */
    public static Health standard() {
      return new Health(
          Duration.ofSeconds(2),
          Duration.ofMillis(100),
          Duration.ofSeconds(5),
          3,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30));
    }

    /**
     * Returns the pause before the next start of a container.
     *
     * @param ends how often it has ended so far, from 1
     */
    Duration pauseAfter(int ends) {
      Duration pause = firstPause.multipliedBy(1L << Math.min(ends - 1, 20));
      return pause.compareTo(longestPause) < 0 ? pause : longestPause;
    }
  }

  /** Returns the settings with SageMaker's schedule and no access to anything. */
  public static DockerConfig of(EngineAddress engine, String installation, String region) {
    return of(engine, installation, region, DockerAccess.none());
  }

  /** Returns the settings with SageMaker's schedule. */
  public static DockerConfig of(
      EngineAddress engine, String installation, String region, DockerAccess access) {
    return new DockerConfig(
        engine,
        installation,
        region,
        Health.standard(),
        Duration.ofSeconds(30),
        access,
        Path.of(System.getProperty("java.io.tmpdir"), "berth-models-" + installation));
  }

  /** Returns this with another folder for the models of multi-model containers. */
  public DockerConfig withModels(Path folder) {
    return new DockerConfig(engine, installation, region, health, stopGrace, access, folder);
  }
}
