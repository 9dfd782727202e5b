package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which Netty found a buffer that nobody released. Registered for every
 * test of the module by {@code META-INF/services}. A canary that is leaked on purpose shows that
 * the collector has run and that leaks are heard of.
 */
public final class LeakWatch implements AfterAllCallback {
  private static final String CANARY = "leak-watch-canary";
  private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

  static {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new RecordingFactory());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    // Netty tells equal leaks once.
    String canary = CANARY + " of " + context.getDisplayName() + " at " + System.nanoTime();
    leakCanary(canary);
    await()
        .until(() -> {
          System.gc();
          PooledByteBufAllocator.DEFAULT.buffer(8).release(); // makes Netty look for leaks
          return LEAKS.stream().anyMatch(leak -> leak.contains(CANARY));
        });
    var found = LEAKS.stream().filter(leak -> !leak.contains(CANARY)).toList();
    LEAKS.clear();
    assertThat(found).as("buffers that nobody released").isEmpty();
  }

  private static void leakCanary(String name) {
    PooledByteBufAllocator.DEFAULT.buffer(8).touch(name);
  }

  private static final class RecordingFactory extends ResourceLeakDetectorFactory {
    @Override
    @Deprecated
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return new Recording<>(resource, samplingInterval);
    }
  }

  private static final class Recording<T> extends ResourceLeakDetector<T> {
    Recording(Class<T> resource, int samplingInterval) {
      super(resource, samplingInterval);
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
      LEAKS.add(resourceType + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
      LEAKS.add(resourceType);
    }
  }
}
