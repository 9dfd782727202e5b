package dev.berth.api.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.sagemaker.Tag;
import dev.berth.api.service.Calls;
import dev.berth.api.service.Handlers;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.SignedScope;
import dev.berth.api.shape.Document;
import dev.berth.api.sts.GetCallerIdentityResponse;
import dev.berth.api.sts.StsApi;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QueryServiceTest {
  private final QueryService service =
      new QueryService(
          Handlers.of(StsApi.SERVICE)
              .on(
                  StsApi.GET_CALLER_IDENTITY,
                  (_, context) -> GetCallerIdentityResponse.builder().arn("a<&>\u0001").build())
              .build(),
          new SignedScope("000000000000", "us-east-1"));

  private String post(String form) {
    HttpAnswer answer =
        service.answer(Calls.call("POST", "/", Map.of(), form.getBytes(StandardCharsets.UTF_8)));
    return answer.status() + " " + Calls.body(answer);
  }

  @Test
  void an_answer_is_wrapped_and_escaped() {
    assertThat(post("Action=GetCallerIdentity&Version=2011-06-15"))
        .isEqualTo(
            """
            200 <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\
            <GetCallerIdentityResult><Arn>a&lt;&amp;&gt;\ufffd</Arn></GetCallerIdentityResult>\
            <ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>\
            </GetCallerIdentityResponse>\
            """
                .formatted(Calls.REQUEST_ID));
  }

  @Test
  void a_query_string_names_an_operation_too() {
    HttpAnswer answer =
        service.answer(Calls.call("GET", "/?Action=GetCallerIdentity", Map.of(), new byte[0]));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).containsEntry("Content-Type", "text/xml");
  }

  @Test
  void an_operation_that_is_not_executed_is_refused_by_name() {
    assertThat(post("Action=AssumeRole&RoleArn=x"))
        .isEqualTo(
            """
            400 <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>\
            <Type>Sender</Type><Code>NotImplementedException</Code><Message>Berth knows the \
            operation AssumeRole of STS but does not execute it.</Message></Error>\
            <RequestId>%s</RequestId></ErrorResponse>\
            """
                .formatted(Calls.REQUEST_ID));
  }

  @Test
  void an_unknown_action_or_version_is_invalid() {
    assertThat(post("Action=NoSuch")).contains("<Code>InvalidAction</Code>");
    assertThat(post("Action=GetCallerIdentity&Version=1999-01-01"))
        .contains("<Code>InvalidAction</Code>");
    assertThat(post("")).contains("<Code>MissingAction</Code>");
  }

  @Test
  void a_malformed_form_is_refused() {
    assertThat(post("Action=%zz")).contains("400 ", "<Code>MalformedInput</Code>");
  }

  @Test
  void a_form_is_read_along_a_shape() {
    Form form =
        Form.of(
            Calls.call(
                "POST",
                "/",
                Map.of(),
                """
                ModelName=iris&EnableNetworkIsolation=true&Tags.member.1.Key=a&Tags.member.1.Value=b\
                &PrimaryContainer.Environment.entry.1.key=K\
                &PrimaryContainer.Environment.entry.1.value=a+b%26&Containers=\
                """
                    .getBytes(StandardCharsets.UTF_8)));

    assertThat(CreateModelInput.SHAPE.read(form.read(CreateModelInput.SHAPE)))
        .isEqualTo(
            CreateModelInput.builder()
                .modelName("iris")
                .enableNetworkIsolation(true)
                .tags(List.of(new Tag("a", "b")))
                .containers(List.of())
                .primaryContainer(
                    ContainerDefinition.builder().environment(Map.of("K", "a b&")).build())
                .build());
    assertThat(SageMakerApi.SERVICE.known()).hasSizeGreaterThan(400);
  }

  @Test
  void lists_maps_and_times_have_their_xml_forms() {
    Document document =
        Document.builder()
            .put("L", List.of("a", "b"))
            .put("M", Map.of("k", 1))
            .put("T", Instant.ofEpochMilli(1_500))
            .build();

    assertThat(new Xml().members(document))
        .hasToString(
            """
            <L><member>a</member><member>b</member></L>\
            <M><entry><key>k</key><value>1</value></entry></M><T>1970-01-01T00:00:01.500Z</T>\
            """);
  }
}
