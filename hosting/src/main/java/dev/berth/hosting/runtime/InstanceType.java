package dev.berth.hosting.runtime;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What an {@code ml.*} type has, for real-time and batch inference (API enums {@code
 * ProductionVariantInstanceType} and {@code TransformInstanceType}).
 *
 * @param name such as {@code ml.m5.large}
 * @param cpus vCPUs
 * @param memoryMib memory, in MiB
 * @param gpus NVIDIA GPUs; other accelerators don't count
 */
public record InstanceType(String name, int cpus, int memoryMib, int gpus) {
  private static final Map<String, InstanceType> KNOWN = read();

  /** Memory, in bytes. */
  public long memoryBytes() {
    return (long) memoryMib << 20;
  }

  /** Returns the type of this name; empty when it is not known here. */
  public static Optional<InstanceType> named(String name) {
    return Optional.ofNullable(KNOWN.get(name));
  }

  private static Map<String, InstanceType> read() {
    var resource =
        Objects.requireNonNull(InstanceType.class.getResourceAsStream("instance-types.csv"));
    try (var lines = new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(InstanceType::parse)
          .collect(Collectors.toUnmodifiableMap(InstanceType::name, Function.identity()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InstanceType parse(String line) {
    String[] cells = line.split(",", -1);
    return new InstanceType(
        cells[0],
        Integer.parseInt(cells[1]),
        (int) Math.round(1024 * Double.parseDouble(cells[2])),
        Integer.parseInt(cells[3]));
  }
}
