package dev.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.SignedScope;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StsServiceTest {
  private final StsService sts = new StsService(new SignedScope("111122223333", "us-east-1"));

  private String answer(String method, String uri, String body) {
    HttpAnswer answer =
        sts.answer(
            new HttpCall(
                "r-1",
                method,
                uri,
                HttpHeaders.of(Map.of(), (_, _) -> true),
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
  void another_operation_is_refused_by_name() {
    assertThat(answer("POST", "/", "Action=GetSessionToken&Version=2011-06-15"))
        .startsWith("400 ")
        .contains("<Code>NotImplementedException</Code>", "GetSessionToken of STS");
  }
}
