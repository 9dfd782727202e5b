package dev.berth.api.conformance;

/**
 * One request and what must come of it.
 *
 * @param name what is wrong and where: {@code CreateModel: modelName too long}
 * @param operation such as {@code CreateModel}
 * @param target value of {@code X-Amz-Target}
 * @param body JSON
 */
public record ConformanceCase(
    String name, String operation, String target, String body, Expected expected) {
  @Override
  public String toString() {
    return name;
  }
}
