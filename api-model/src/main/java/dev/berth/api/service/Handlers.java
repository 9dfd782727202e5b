package dev.berth.api.service;

import dev.berth.api.error.AwsException;
import dev.berth.api.shape.ApiService;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.Structure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What executes a service: one handler for each operation that its table says is executed. */
public final class Handlers {
  private final ApiService service;
  private final Map<String, BoundOperation<?, ?>> operations;

  private Handlers(ApiService service, Map<String, BoundOperation<?, ?>> operations) {
    this.service = service;
    this.operations = Map.copyOf(operations);
  }

  /** Returns a builder without handlers. */
  public static Builder of(ApiService service) {
    return new Builder(service);
  }

  /** Returns the service's table. */
  public ApiService service() {
    return service;
  }

  /**
   * Returns the operation called {@code name}, or empty when the service has none of that name.
   *
   * @throws AwsException {@code NotImplementedException} for an operation of the service that Berth
   *     does not execute
   */
  public Optional<BoundOperation<?, ?>> find(String name) {
    BoundOperation<?, ?> operation = operations.get(name);
    if (operation == null && service.known().contains(name)) {
      throw new AwsException(
          "NotImplementedException",
          400,
          "Berth knows the operation %s of %s but does not execute it."
              .formatted(name, service.id()));
    }
    return Optional.ofNullable(operation);
  }

  /** Collects handlers. One thread at a time. */
  public static final class Builder {
    private final ApiService service;
    private final Map<String, BoundOperation<?, ?>> operations = new HashMap<>();

    private Builder(ApiService service) {
      this.service = service;
    }

    /** Adds what executes {@code operation}. */
    public <I extends Structure, O extends Structure> Builder on(
        Operation<I, O> operation, OperationHandler<I, O> handler) {
      if (operations.put(operation.name(), new BoundOperation<>(operation, handler)) != null) {
        throw new IllegalArgumentException("two handlers for " + operation.name());
      }
      return this;
    }

    /**
     * Returns the handlers.
     *
     * @throws IllegalStateException if an operation the table says is executed has no handler
     */
    public Handlers build() {
      List<String> missing =
          service.executed().stream()
              .map(Operation::name)
              .filter(name -> !operations.containsKey(name))
              .toList();
      if (!missing.isEmpty()) {
        throw new IllegalStateException("no handler for %s of %s".formatted(missing, service.id()));
      }
      return new Handlers(service, operations);
    }
  }
}
