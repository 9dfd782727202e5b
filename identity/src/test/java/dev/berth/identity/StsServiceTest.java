package dev.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.SignedScope;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StsServiceTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir private Path folder;

  private CredentialIssuer issuer(Instant now) {
    return CredentialIssuer.open(
        folder.resolve("key"), Duration.ofMinutes(15), InstantSource.fixed(now));
  }

  private String answer(String method, String uri, String body) {
    return answer(NOW, method, uri, Map.of(), body);
  }

  private String answer(
      Instant now, String method, String uri, Map<String, List<String>> headers, String body) {
    var sts = new StsService(new SignedScope("111122223333", "us-east-1"), issuer(now));
    HttpAnswer answer =
        sts.answer(
            new HttpCall(
                "r-1",
                method,
                uri,
                HttpHeaders.of(headers, (_, _) -> true),
                ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))));
    return answer.status() + " " + StandardCharsets.UTF_8.decode(answer.body());
  }

  @Test
  void any_caller_is_the_accounts_user() {
    String expected =
        """
        200 <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\
        <GetCallerIdentityResult><UserId>AIDABERTHOPENMODE0000</UserId>\
        <Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/berth</Arn>\
        </GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId>\
        </ResponseMetadata></GetCallerIdentityResponse>\
        """;

    assertThat(answer("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15"))
        .isEqualTo(expected);
    assertThat(answer("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", ""))
        .isEqualTo(expected);
  }

  @Test
  void issued_credentials_are_the_roles_session_until_they_expire() {
    RoleCredentials credentials =
        issuer(NOW).issue("arn:aws:iam::444455556666:role/service-role/Shop", "i-1");
    var headers =
        Map.of(
            "Authorization",
            List.of(
                "AWS4-HMAC-SHA256 Credential=%s/20260102/us-east-1/sts/aws4_request"
                    .formatted(credentials.accessKeyId())),
            "X-Amz-Security-Token",
            List.of(credentials.sessionToken()));
    String body = "Action=GetCallerIdentity&Version=2011-06-15";

    assertThat(answer(NOW, "POST", "/", headers, body))
        .startsWith("200 ")
        .contains("<Arn>arn:aws:sts::444455556666:assumed-role/Shop/i-1</Arn>")
        .contains("<Account>444455556666</Account>");
    assertThat(answer(credentials.expiration(), "POST", "/", headers, body))
        .startsWith("403 ")
        .contains("<Code>ExpiredToken</Code>");
  }

  @Test
  void another_operation_is_refused_by_name() {
    assertThat(answer("POST", "/", "Action=GetSessionToken&Version=2011-06-15"))
        .startsWith("400 ")
        .contains("<Code>NotImplementedException</Code>", "GetSessionToken of STS");
  }
}
