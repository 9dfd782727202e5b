package dev.berth.store;

import java.util.List;
import java.util.Optional;

/**
 * One page of a list.
 *
 * @param next where the next page starts; empty when this is the last
 */
public record Page(List<Resource> resources, Optional<ListQuery.Position> next) {
  public Page {
    resources = List.copyOf(resources);
  }
}
