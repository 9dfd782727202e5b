package dev.berth.registry;

import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of a package besides who it is, its approval status and its times.
 *
 * @param content what it holds now: the CreateModelPackage request with all changes since, JSON
 * @param lastModifiedBy null until it is changed
 * @param approvalDescription of the last change of approval status
 * @param clientToken key of the remembered request that made it
 * @param updateTokens ClientTokens of the newest updates, newest first
 */
record PackageDocument(
    String content,
    Caller createdBy,
    @Nullable Caller lastModifiedBy,
    @Nullable String approvalDescription,
    @Nullable String clientToken,
    List<String> updateTokens) {
  /** Updates whose retries are recognised; a client retries one at a time. */
  private static final int MAX_UPDATE_TOKENS = 8;

  PackageDocument {
    updateTokens = List.copyOf(updateTokens);
  }

  /** Returns the document of a new package. */
  static PackageDocument created(
      CreateModelPackageInput request, Caller by, @Nullable String clientToken) {
    var content =
        request.toBuilder()
            .modelPackageName(null)
            .modelPackageGroupName(null)
            .clientToken(null)
            .tags(null)
            .build();
    return new PackageDocument(ApiJson.toJson(content), by, null, null, clientToken, List.of());
  }

  static PackageDocument parse(String json) {
    return Json.parse(json, PackageDocument.class);
  }

  String toJson() {
    return Json.write(this);
  }

  CreateModelPackageInput request() {
    return ApiJson.fromJson(content, CreateModelPackageInput.SHAPE);
  }

  /** Returns this package after an update. */
  PackageDocument updated(
      CreateModelPackageInput newContent,
      Caller by,
      @Nullable String newApprovalDescription,
      @Nullable String updateToken) {
    var tokens = new ArrayList<String>();
    if (updateToken != null) {
      tokens.add(updateToken);
    }
    updateTokens.stream().limit(MAX_UPDATE_TOKENS - tokens.size()).forEach(tokens::add);
    return new PackageDocument(
        ApiJson.toJson(newContent),
        createdBy,
        by,
        newApprovalDescription == null ? approvalDescription : newApprovalDescription,
        clientToken,
        tokens);
  }
}
