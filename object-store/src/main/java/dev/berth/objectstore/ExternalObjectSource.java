package dev.berth.objectstore;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Reads objects from an S3 elsewhere: AWS's, or any that speaks its protocol. */
public final class ExternalObjectSource implements ObjectSource, AutoCloseable {
  private final S3Client s3;
  private final String where;

  public ExternalObjectSource(ExternalS3Config config) {
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(config.requestTimeout())
                    .socketTimeout(config.requestTimeout()))
            .region(Region.of(config.region()))
            .credentialsProvider(credentials(config.credentials()))
            .forcePathStyle(config.pathStyle())
            // older S3-compatible servers know no checksum headers; archives carry their own
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
    if (config.endpoint() != null) {
      builder.endpointOverride(config.endpoint());
    }
    this.s3 = builder.build();
    this.where =
        config.endpoint() == null ? "AWS S3 in " + config.region() : config.endpoint().toString();
  }

  @Override
  public ObjectInfo head(S3Uri uri) throws IOException {
    HeadObjectResponse head =
        asking(uri, () -> s3.headObject(b -> b.bucket(uri.bucket()).key(uri.key())));
    return new ObjectInfo(uri, unquoted(head.eTag()), head.contentLength());
  }

  @Override
  public InputStream open(ObjectInfo info) throws IOException {
    S3Uri uri = info.uri();
    GetObjectRequest request =
        GetObjectRequest.builder()
            .bucket(uri.bucket())
            .key(uri.key())
            .ifMatch("\"" + info.etag() + "\"")
            .build();
    return new Content(uri, asking(uri, () -> s3.getObject(request)));
  }

  @Override
  public List<ObjectInfo> list(S3Uri prefix) throws IOException {
    return asking(
        prefix,
        () ->
            s3
                .listObjectsV2Paginator(b -> b.bucket(prefix.bucket()).prefix(prefix.key()))
                .contents()
                .stream()
                .map(object ->
                    new ObjectInfo(
                        new S3Uri(prefix.bucket(), object.key()),
                        unquoted(object.eTag()),
                        object.size()))
                .toList());
  }

  /**
   * Returns a writer to the same S3; it ends with this reader. Uploads that an earlier process has
   * left unfinished there are aborted in the background.
   *
   * @param directory for the parts of objects that are next to be sent, which are emptied here, and
   *     for what is known of unfinished uploads
   * @throws UncheckedIOException when the folder can't be used
   */
  public ObjectSink sink(Path directory) {
    Path parts = directory.resolve("parts");
    Path uploads = directory.resolve("uploads");
    try {
      ObjectFolder.delete(parts);
      Files.createDirectories(parts);
      Files.createDirectories(uploads);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use the folder " + directory, e);
    }
    var unfinished = new UnfinishedUploads(s3, uploads);
    unfinished.abortLeft();
    return new ExternalObjectSink(s3, this::failure, parts, unfinished);
  }

  @Override
  public boolean isAnyBelow(S3Uri prefix) throws IOException {
    return asking(
        prefix,
        () ->
            !s3.listObjectsV2(b -> b.bucket(prefix.bucket()).prefix(prefix.key()).maxKeys(1))
                .contents()
                .isEmpty());
  }

  @Override
  public void close() {
    s3.close();
  }

  private static AwsCredentialsProvider credentials(
      ExternalS3Config.@Nullable Credentials credentials) {
    if (credentials == null) {
      return DefaultCredentialsProvider.builder().build();
    }
    String token = credentials.sessionToken();
    return StaticCredentialsProvider.create(
        token == null
            ? AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey())
            : AwsSessionCredentials.create(
                credentials.accessKeyId(), credentials.secretAccessKey(), token));
  }

  private static String unquoted(String etag) {
    return etag.replace("\"", "");
  }

  private <T> T asking(S3Uri uri, Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (SdkException e) {
      throw failure(uri, "read from", e);
    }
  }

  private IOException failure(S3Uri uri, String doing, SdkException e) {
    return e instanceof S3Exception refused
        ? refusal(uri, refused)
        : new IOException("%s can't be %s %s: %s".formatted(uri, doing, where, e.getMessage()), e);
  }

  private IOException refusal(S3Uri uri, S3Exception e) {
    String answer = answer(e);
    return switch (e.statusCode()) {
      case 404 ->
          new NoSuchObjectException("there is no %s in %s: %s".formatted(uri, where, answer));
      case 412 ->
          new NoSuchObjectException(
              "%s was overwritten while it was being read: %s".formatted(uri, answer));
      case 301, 307, 400, 401, 403 ->
          new ObjectAccessException(
              "%s refuses to give %s: %s%s".formatted(where, uri, answer, region(e)));
      default -> new IOException("%s failed to give %s: %s".formatted(where, uri, answer), e);
    };
  }

  /** S3's own words: status, code and message; a HEAD has the status only. */
  private static String answer(S3Exception e) {
    var details = e.awsErrorDetails();
    return details == null || details.errorCode() == null || details.errorCode().isBlank()
        ? "HTTP " + e.statusCode()
        : "HTTP %d %s (%s)".formatted(e.statusCode(), details.errorCode(), details.errorMessage());
  }

  private static String region(S3Exception e) {
    var details = e.awsErrorDetails();
    return details == null || details.sdkHttpResponse() == null
        ? ""
        : details
            .sdkHttpResponse()
            .firstMatchingHeader("x-amz-bucket-region")
            .map("; the bucket is in region %s"::formatted)
            .orElse("");
  }

  /** An object's bytes; closing early breaks the connection off instead of reading it out. */
  private static final class Content extends FilterInputStream {
    private final S3Uri uri;
    private final ResponseInputStream<GetObjectResponse> response;
    private boolean ended;

    Content(S3Uri uri, ResponseInputStream<GetObjectResponse> response) {
      super(response);
      this.uri = uri;
      this.response = response;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      try {
        int count = super.read(buffer, offset, length);
        ended |= count < 0;
        return count;
      } catch (SdkException e) {
        throw new IOException("reading %s broke off: %s".formatted(uri, e.getMessage()), e);
      }
    }

    @Override
    public void close() throws IOException {
      if (ended) {
        super.close();
      } else {
        response.abort();
      }
    }
  }
}
