/**
 * The command line, {@code berth …}: starts a server, and for people what the AWS SDKs are for
 * programs.
 *
 * <p>{@link dev.berth.server.cli.ServeCommand} and {@link dev.berth.server.cli.DemoCommand} start a
 * server in this process; all other commands reach a running one, through the public APIs only.
 */
@NullMarked
package dev.berth.server.cli;

import org.jspecify.annotations.NullMarked;
