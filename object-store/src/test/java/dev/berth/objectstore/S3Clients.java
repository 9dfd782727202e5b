package dev.berth.objectstore;

import java.net.InetSocketAddress;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** Ordinary AWS SDK clients of an embedded store. */
final class S3Clients {
  private S3Clients() {}

  static S3Client of(EmbeddedObjectStore store) throws Exception {
    return S3Client.builder()
        .endpointOverride(endpoint(store))
        .region(Region.EU_WEST_1)
        .credentialsProvider(credentials())
        .forcePathStyle(true)
        .build();
  }

  static URI endpoint(EmbeddedObjectStore store) throws Exception {
    InetSocketAddress address = store.address().toCompletableFuture().get();
    return URI.create("http://127.0.0.1:" + address.getPort());
  }

  static StaticCredentialsProvider credentials() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create("any", "secret"));
  }
}
