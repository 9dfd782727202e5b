package dev.berth.benchmarks;

import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.DataDirectory;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;

/**
 * Puts models into a data folder that no server holds, through the store. Model {@code i} was
 * created {@code i} seconds after {@link #FIRST}; its name begins with a hash of {@code i}, so that
 * the order of names is not that of creation.
 */
public final class FillModels {
  /** When model 0 was created: the benches filter by it. */
  private static final Instant FIRST = Instant.parse("2025-01-01T00:00:00Z");

  private static final int PER_TRANSACTION = 5_000;
  private static final String ACCOUNT = "000000000000";
  private static final String REGION = "us-east-1";
  private static final String IMAGE =
      "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1";

  private final Arns arns = new Arns(ACCOUNT, REGION);

  private FillModels() {}

  /** Arguments: data folder, first model, one more than the last. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    int from = Integer.parseInt(arguments[1]);
    int to = Integer.parseInt(arguments[2]);
    var fill = new FillModels();
    try (var held = DataDirectory.open(folder);
        var store = SqliteStore.open(held.path(), ACCOUNT, REGION)) {
      for (int next = from; next < to; next += PER_TRANSACTION) {
        fill.insert(store, next, Math.min(next + PER_TRANSACTION, to));
      }
    }
  }

  private void insert(Store store, int from, int to) {
    store.write(transaction -> {
      for (int i = from; i < to; i++) {
        transaction.insert(model(i));
      }
      return to - from;
    });
  }

  private Resource model(int i) {
    String name = "m-%08x-%07d".formatted(i * 0x9E3779B9, i);
    Instant created = FIRST.plusSeconds(i);
    var input =
        CreateModelInput.builder()
            .modelName(name)
            .executionRoleArn("arn:aws:iam::000000000000:role/berth")
            .primaryContainer(
                ContainerDefinition.builder()
                    .image(IMAGE)
                    .modelDataUrl("s3://models/%s/model.tar.gz".formatted(name))
                    .build())
            .build();
    return new Resource(
        new ResourceKey(Kind.MODEL.arnType(), name),
        UUID.randomUUID().toString(),
        arns.of(Kind.MODEL, name),
        created,
        created,
        "",
        1,
        ApiJson.toJson(input));
  }
}
