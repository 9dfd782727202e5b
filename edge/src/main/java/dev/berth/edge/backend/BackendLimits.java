package dev.berth.edge.backend;

import java.time.Duration;

/**
 * How long a backend may take for what.
 *
 * @param connect from asking for a connection to having it
 * @param firstByte from the request's last byte to the answer's first
 * @param idle between two pieces of the answer, or while the backend takes no more of the request
 */
public record BackendLimits(Duration connect, Duration firstByte, Duration idle) {}
