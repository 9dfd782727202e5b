package dev.berth.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sagemaker.SageMakerClient;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;
import software.amazon.awssdk.services.sagemaker.model.SageMakerException;
import software.amazon.awssdk.services.sagemakerruntime.SageMakerRuntimeClient;

/** Ordinary AWS SDK clients of one server. Several threads may use them at a time. */
final class AwsClients implements AutoCloseable {
  /** SageMaker answers an invocation within 60 s or fails it; the answer needs time to arrive. */
  private static final Duration PATIENCE = Duration.ofSeconds(70);

  private static final int VIEW_PATIENCE_MILLIS = 5_000;

  private final URI endpoint;
  private final Region region;
  private final AwsCredentialsProvider credentials = credentials();
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder()
          .connectionTimeout(Duration.ofSeconds(5))
          .socketTimeout(PATIENCE)
          .build();
  private final SageMakerClient sagemaker;
  private final SageMakerRuntimeClient runtime;
  private final S3Client s3;

  AwsClients(URI endpoint, String region) {
    this.endpoint = endpoint;
    this.region = Region.of(region);
    this.sagemaker = build(SageMakerClient.builder());
    this.runtime = build(SageMakerRuntimeClient.builder());
    this.s3 =
        build(
            S3Client.builder()
                .forcePathStyle(true) // http://BUCKET.127.0.0.1 is no address
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED));
  }

  URI endpoint() {
    return endpoint;
  }

  SageMakerClient sagemaker() {
    return sagemaker;
  }

  SageMakerRuntimeClient runtime() {
    return runtime;
  }

  S3Client s3() {
    return s3;
  }

  /** Returns the endpoint's description, or empty if there is none of this name. */
  Optional<DescribeEndpointResponse> findEndpoint(String name) {
    try {
      return Optional.of(sagemaker.describeEndpoint(request -> request.endpointName(name)));
    } catch (SageMakerException failure) {
      if (isMissing(failure)) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /**
   * Returns what Berth itself tells of an endpoint, {@code GET /_berth/endpoints/NAME}; empty when
   * there is none of this name, and for servers that aren't Berth.
   */
  Optional<JsonNode> endpointView(String name) {
    return view("endpoints/" + name);
  }

  /**
   * Returns what Berth itself tells of a transform job, {@code GET /_berth/transform-jobs/NAME};
   * empty when there is none of this name, and for servers that aren't Berth.
   */
  Optional<JsonNode> transformView(String name) {
    return view("transform-jobs/" + name);
  }

  private Optional<JsonNode> view(String path) {
    try {
      var url = endpoint().resolve("/_berth/" + path).toURL();
      var connection = (HttpURLConnection) url.openConnection();
      connection.setConnectTimeout(VIEW_PATIENCE_MILLIS);
      connection.setReadTimeout(VIEW_PATIENCE_MILLIS);
      if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
        return Optional.empty();
      }
      try (var body = connection.getInputStream()) {
        return Optional.of(Json.read(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
      }
    } catch (JsonProcessingException notBerth) {
      return Optional.empty();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** SageMaker has no error type for what isn't there: it is a ValidationException that says so. */
  static boolean isMissing(SageMakerException failure) {
    var details = failure.awsErrorDetails();
    return details != null
        && details.errorMessage() != null
        && (details.errorMessage().startsWith("Could not find")
            || details.errorMessage().endsWith(" does not exist."));
  }

  @Override
  public void close() {
    sagemaker.close();
    runtime.close();
    s3.close();
    http.close();
  }

  private <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> C build(B builder) {
    return builder
        .endpointOverride(endpoint)
        .region(region)
        .credentialsProvider(credentials)
        .httpClient(http)
        // a person waits: what fails is told at once, not after back-offs
        .overrideConfiguration(
            overrides -> overrides.retryStrategy(DefaultRetryStrategy.doNotRetry()))
        .build();
  }

  /**
   * The user's credentials if there are any, else made-up ones: a server in open mode takes all.
   * Leaves out the SDK's last resort, the instance metadata service, which takes seconds to fail.
   */
  private static AwsCredentialsProvider credentials() {
    return AwsCredentialsProviderChain.of(
        EnvironmentVariableCredentialsProvider.create(),
        ProfileCredentialsProvider.create(),
        StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")));
  }
}
