package dev.berth.api.shape;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A structure's members in the model's order, and how its record is read.
 *
 * @param <T> generated record
 */
public final class StructureShape<T extends Structure> implements Shape.OfStructure {
  private final String name;
  private final Function<Document, T> reader;
  private final Map<String, Member> members = new LinkedHashMap<>();

  /**
   * @param reader the record's {@code of}
   */
  public StructureShape(String name, Function<Document, T> reader, Member... members) {
    this.name = name;
    this.reader = reader;
    for (Member member : members) {
      this.members.put(member.name(), member);
    }
  }

  @Override
  public String name() {
    return name;
  }

  /** Returns the members in the model's order. */
  public List<Member> members() {
    return List.copyOf(members.values());
  }

  /** Returns the member of that wire name, or null when the model has none. */
  public @Nullable Member member(String wireName) {
    return members.get(wireName);
  }

  /** Returns the record of a document whose values have this shape's types. */
  public T read(Document document) {
    return reader.apply(document);
  }
}
