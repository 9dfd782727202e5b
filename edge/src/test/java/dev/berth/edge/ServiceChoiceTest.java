package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.edge.ServiceChoice.Service;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.junit.jupiter.api.Test;

class ServiceChoiceTest {
  private static final String INVOKE = "/endpoints/churn/invocations";

  private static HttpHeaders signedFor(String region, String service) {
    return new DefaultHttpHeaders()
        .set(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKID/20261122/%s/%s/aws4_request, SignedHeaders=host, Signature=0"
                .formatted(region, service));
  }

  private static ServiceChoice choose(String uri, HttpHeaders headers) {
    return ServiceChoice.of(HttpMethod.POST, uri, headers, "us-east-1");
  }

  @Test
  void what_lies_under_berth_is_internal_however_it_is_signed() {
    assertThat(choose("/_berth/health", signedFor("us-east-1", "s3"))).isEqualTo(Service.INTERNAL);
  }

  @Test
  void a_sagemaker_scope_is_the_runtime_on_its_paths_and_else_the_control_plane() {
    HttpHeaders signed = signedFor("us-east-1", "sagemaker");
    assertThat(choose(INVOKE, signed)).isEqualTo(Service.RUNTIME);
    assertThat(choose("/endpoints/churn/async-invocations?x=1", signed)).isEqualTo(Service.RUNTIME);
    assertThat(choose("/endpoints/churn/invocations-response-stream", signed))
        .isEqualTo(Service.RUNTIME);
    assertThat(choose("/endpoints/churn/other", signed)).isEqualTo(Service.CONTROL_PLANE);
    assertThat(choose("/", signed)).isEqualTo(Service.CONTROL_PLANE);
  }

  @Test
  void an_s3_scope_is_s3_even_on_a_bucket_named_endpoints() {
    assertThat(choose(INVOKE, signedFor("eu-west-1", "s3"))).isEqualTo(Service.S3);
  }

  @Test
  void a_presigned_url_carries_its_scope_in_the_query() {
    String uri =
        "/b/k?X-Amz-Algorithm=A&X-Amz-Credential=AKID%2F20261122%2Fx%2Fs3%2Faws4_request&a=b";
    assertThat(choose(uri, new DefaultHttpHeaders())).isEqualTo(Service.S3);
  }

  @Test
  void a_sigv4a_scope_has_no_region_to_be_wrong() {
    HttpHeaders headers =
        new DefaultHttpHeaders()
            .set(
                "Authorization",
                "AWS4-ECDSA-P256-SHA256 Credential=AKID/20261122/sagemaker/aws4_request, X=1");
    assertThat(choose("/", headers)).isEqualTo(Service.CONTROL_PLANE);
  }

  @Test
  void another_region_is_refused_with_the_one_that_is_served() {
    var refused = (ServiceChoice.Refused) choose("/", signedFor("eu-west-1", "sagemaker"));
    assertThat(refused.form()).isEqualTo(ErrorForm.JSON);
    assertThat(refused.error().status()).isEqualTo(400);
    assertThat(refused.error().code()).isEqualTo("InvalidSignatureException");
    assertThat(refused.error().message())
        .startsWith("Credential should be scoped to a valid region, not 'eu-west-1'.")
        .contains("'us-east-1'");
  }

  @Test
  void another_region_is_403_on_the_runtime() {
    var refused = (ServiceChoice.Refused) choose(INVOKE, signedFor("eu-west-1", "sagemaker"));
    assertThat(refused.form()).isEqualTo(ErrorForm.RUNTIME);
    assertThat(refused.error().status()).isEqualTo(403);
  }

  @Test
  void sts_is_taken_in_any_region() {
    assertThat(choose("/", signedFor("eu-west-1", "sts"))).isEqualTo(Service.STS);
  }

  @Test
  void a_service_that_is_not_spoken_is_named() {
    var refused = (ServiceChoice.Refused) choose("/", signedFor("us-east-1", "iam"));
    assertThat(refused.error().status()).isEqualTo(501);
    assertThat(refused.error().message()).contains("'iam'").contains("SageMaker");
  }

  @Test
  void a_credential_that_is_no_scope_is_an_incomplete_signature() {
    HttpHeaders headers =
        new DefaultHttpHeaders().set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x, S=1");
    var refused = (ServiceChoice.Refused) choose("/", headers);
    assertThat(refused.error().code()).isEqualTo("IncompleteSignatureException");
  }

  @Test
  void without_a_signature_target_then_path_then_form_decide_and_else_it_is_s3() {
    HttpHeaders target = new DefaultHttpHeaders().set("X-Amz-Target", "SageMaker.ListModels");
    HttpHeaders form =
        new DefaultHttpHeaders()
            .set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    HttpHeaders none = new DefaultHttpHeaders();
    assertThat(choose("/", target)).isEqualTo(Service.CONTROL_PLANE);
    assertThat(choose(INVOKE, none)).isEqualTo(Service.RUNTIME);
    assertThat(choose("/", form)).isEqualTo(Service.STS);
    assertThat(choose("/?Action=GetCallerIdentity&Version=2011-06-15", none))
        .isEqualTo(Service.STS);
    assertThat(choose("/bucket/key", none)).isEqualTo(Service.S3);
    assertThat(choose("/endpoints//invocations", none)).isEqualTo(Service.S3);
  }
}
