package dev.berth.api.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.sagemaker.SageMakerApi;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HandlersTest {
  @Test
  void an_executed_operation_without_a_handler_stops_the_start() {
    assertThatThrownBy(
            () -> Calls.emptyHandlers(SageMakerApi.SERVICE, "AddTags", "ListTags").build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no handler for [AddTags, ListTags] of SageMaker");
  }

  @Test
  void a_presigned_query_names_key_and_region() {
    SignedScope scope = new SignedScope("000000000000", "us-east-1");
    String query = "/?Action=X&X-Amz-Credential=AK%2F20260101%2Feu-north-1%2Fsts%2Faws4_request";

    assertThat(scope.apply(Calls.call("GET", query, Map.of(), new byte[0])))
        .isEqualTo(new CallContext(Calls.REQUEST_ID, "000000000000", "eu-north-1", "AK"));
  }

  @Test
  void an_unsigned_call_is_for_the_default_region() {
    SignedScope scope = new SignedScope("000000000000", "us-east-1");

    assertThat(scope.apply(Calls.json("x", "")))
        .isEqualTo(new CallContext(Calls.REQUEST_ID, "000000000000", "us-east-1", ""));
  }
}
