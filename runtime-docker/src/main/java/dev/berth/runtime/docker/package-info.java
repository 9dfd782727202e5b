/**
 * Runs any image that keeps SageMaker's container contract on a Docker engine.
 *
 * <p>{@link dev.berth.runtime.docker.DockerRuntime} keeps one {@code DockerInstance} for each
 * instance: a virtual thread that pulls, starts, pings and watches, and reads as a runbook. What it
 * makes on the engine carries labels with the installation's and the instance's identity, so that a
 * restarted Berth goes on with what runs, and never touches what isn't its own.
 */
@NullMarked
package dev.berth.runtime.docker;

import org.jspecify.annotations.NullMarked;
