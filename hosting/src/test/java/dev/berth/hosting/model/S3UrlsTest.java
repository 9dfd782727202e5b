package dev.berth.hosting.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class S3UrlsTest {

  @ParameterizedTest
  @CsvSource({
    "s3://bucket/a/b.tar.gz, s3://bucket/a/b.tar.gz",
    "s3://bucket, s3://bucket/",
    "https://bucket.s3.eu-west-1.amazonaws.com/a/b, s3://bucket/a/b",
    "https://dotted.bucket.s3.amazonaws.com/a, s3://dotted.bucket/a",
    "https://s3.us-east-1.amazonaws.com/bucket/a/b, s3://bucket/a/b",
    "https://s3-us-west-2.amazonaws.com/bucket/a, s3://bucket/a",
    "https://bucket.s3.cn-north-1.amazonaws.com.cn/a, s3://bucket/a"
  })
  void every_form_of_the_api_names_bucket_and_key(String url, String place) {
    assertThat(S3Urls.parse(url, "ModelDataUrl")).hasToString(place);
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3:///key", "https://example.org/a", "https://a b/"})
  void anything_else_is_refused_with_the_field_it_stands_in(String url) {
    assertThatThrownBy(() -> S3Urls.parse(url, "ModelDataUrl"))
        .hasMessageStartingWith(
            "ModelDataUrl is \"%s\", which names no object in S3".formatted(url));
  }
}
