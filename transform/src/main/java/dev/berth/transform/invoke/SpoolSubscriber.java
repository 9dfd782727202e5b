package dev.berth.transform.invoke;

import dev.berth.transform.body.Body;
import dev.berth.transform.body.Spool;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/** Takes an answer's body into a {@link Spool}, as it comes. */
final class SpoolSubscriber implements BodySubscriber<Body> {
  private final Spool spool;
  private final CompletableFuture<Body> body = new CompletableFuture<>();
  private @Nullable Subscription subscription;

  SpoolSubscriber(Spool spool) {
    this.spool = spool;
  }

  @Override
  public CompletionStage<Body> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Subscription newSubscription) {
    subscription = newSubscription;
    newSubscription.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    try {
      for (ByteBuffer buffer : buffers) {
        spool.write(buffer);
      }
    } catch (IOException e) {
      if (subscription != null) {
        subscription.cancel();
      }
      onError(e);
    }
  }

  @Override
  public void onError(Throwable failure) {
    try {
      spool.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    body.completeExceptionally(failure);
  }

  @Override
  public void onComplete() {
    try {
      Body whole = spool.body();
      if (!body.complete(whole)) {
        whole.close();
      }
    } catch (IOException e) {
      onError(e);
    }
  }
}
