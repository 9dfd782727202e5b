package dev.berth.server;

import dev.berth.api.shape.Member;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import dev.berth.hosting.runtime.Capability;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What Berth does with each member of each executed operation's input, structure by structure. A
 * structure within a member that is honoured has a declaration of its own; within any other the
 * member's holds for all. {@link #missing} and {@link #superfluous} tell where the declarations and
 * the API model part.
 */
final class InputSupport {
  private final Map<String, Map<String, Support>> declared;

  private InputSupport(Map<String, Map<String, Support>> declared) {
    this.declared = declared;
  }

  /** Returns a builder without declarations. */
  static Builder builder() {
    return new Builder();
  }

  /** Returns what becomes of a member. */
  Support of(String structure, String member) {
    return Objects.requireNonNull(
        declared.getOrDefault(structure, Map.of()).get(member), structure + "." + member);
  }

  /** Returns the structures within honoured members of {@code operations}' input, by name. */
  Map<String, StructureShape<?>> structures(Collection<Operation<?, ?>> operations) {
    var found = new LinkedHashMap<String, StructureShape<?>>();
    operations.forEach(operation -> collect(operation.input(), found));
    return found;
  }

  /** Returns the members, as {@code Structure.Member}, that nothing is declared of. */
  List<String> missing(Collection<Operation<?, ?>> operations) {
    var missing = new TreeSet<String>();
    structures(operations)
        .forEach((name, structure) -> {
          for (Member member : structure.members()) {
            if (!declared.getOrDefault(name, Map.of()).containsKey(member.name())) {
              missing.add(name + "." + member.name());
            }
          }
        });
    return List.copyOf(missing);
  }

  /** Returns what is declared of members that no executed operation takes. */
  List<String> superfluous(Collection<Operation<?, ?>> operations) {
    var structures = structures(operations);
    var superfluous = new TreeSet<String>();
    declared.forEach((name, members) -> {
      StructureShape<?> structure = structures.get(name);
      for (String member : members.keySet()) {
        if (structure == null || structure.member(member) == null) {
          superfluous.add(name + "." + member);
        }
      }
    });
    return List.copyOf(superfluous);
  }

  /** Returns the structure that a member is, or is a list or map of. */
  static Optional<StructureShape<?>> structure(Shape shape) {
    return switch (shape) {
      case StructureShape<?> structure -> Optional.of(structure);
      case Shape.ListOf list -> structure(list.member());
      case Shape.MapOf map -> structure(map.value());
      default -> Optional.empty();
    };
  }

  private void collect(StructureShape<?> structure, Map<String, StructureShape<?>> found) {
    if (structure.members().isEmpty() || found.putIfAbsent(structure.name(), structure) != null) {
      return;
    }
    Map<String, Support> members = declared.getOrDefault(structure.name(), Map.of());
    for (Member member : structure.members()) {
      if (members.get(member.name()) instanceof Support.Honoured) {
        structure(member.shape()).ifPresent(within -> collect(within, found));
      }
    }
  }

  /** Collects declarations. One thread at a time. */
  static final class Builder {
    private final Map<String, Map<String, Support>> declared = new LinkedHashMap<>();
    private Map<String, Support> members = new LinkedHashMap<>();

    private Builder() {}

    /** Begins the declarations of a structure. */
    Builder structure(String name) {
      members = new LinkedHashMap<>();
      if (declared.put(name, members) != null) {
        throw new IllegalArgumentException("declared twice: " + name);
      }
      return this;
    }

    /** Declares members of the structure begun last, as all that follow do. */
    Builder honoured(String... names) {
      return each(new Support.Honoured(), names);
    }

    Builder stored(String... names) {
      return each(new Support.Stored(), names);
    }

    Builder refused(String name, String when) {
      return each(new Support.Refused(when), name);
    }

    Builder ignored(String name, String why) {
      return each(new Support.Ignored(why), name);
    }

    Builder needs(Capability capability, String... names) {
      return each(new Support.Needs(capability), names);
    }

    InputSupport build() {
      return new InputSupport(declared);
    }

    private Builder each(Support support, String... names) {
      for (String name : names) {
        if (members.put(name, support) != null) {
          throw new IllegalArgumentException("declared twice: " + name);
        }
      }
      return this;
    }
  }
}
