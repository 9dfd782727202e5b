package dev.berth.hosting.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateModelInput;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A model's stored document: the CreateModel request that its instances run, and where that took
 * containers from model packages, the request as it was given besides. The packages may change or
 * go; the model stays what it was.
 *
 * @param given the request as it was given, which DescribeModel gives back
 * @param resolved the request with every package replaced by its containers
 * @param realtimeInstanceTypes the only ones an endpoint may use; empty for any
 * @param transformInstanceTypes the only ones a transform job may use; empty for any
 */
public record StoredModel(
    CreateModelInput given,
    CreateModelInput resolved,
    List<String> realtimeInstanceTypes,
    List<String> transformInstanceTypes) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Beside the members of the resolved request, none of which begins so. */
  private static final String GIVEN = "_given";

  private static final String REALTIME = "_realtimeInstanceTypes";
  private static final String TRANSFORM = "_transformInstanceTypes";

  public StoredModel {
    realtimeInstanceTypes = List.copyOf(realtimeInstanceTypes);
    transformInstanceTypes = List.copyOf(transformInstanceTypes);
  }

  /** Returns a model that was given without packages. */
  static StoredModel of(CreateModelInput given) {
    return new StoredModel(given, given, List.of(), List.of());
  }

  /** Returns the model in a document. */
  public static StoredModel parse(String document) {
    CreateModelInput resolved = ApiJson.fromJson(document, CreateModelInput.SHAPE);
    if (!document.contains("\"" + GIVEN + "\"")) {
      return of(resolved);
    }
    try {
      JsonNode tree = JSON.readTree(document);
      if (!tree.has(GIVEN)) {
        return of(resolved);
      }
      return new StoredModel(
          ApiJson.fromJson(tree.get(GIVEN).toString(), CreateModelInput.SHAPE),
          resolved,
          texts(tree.path(REALTIME)),
          texts(tree.path(TRANSFORM)));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("stored model can't be read: " + document, e);
    }
  }

  /** Returns the document, which a reader of CreateModel requests takes for the resolved one. */
  String toDocument() {
    String document = ApiJson.toJson(resolved);
    if (given.equals(resolved)) {
      return document;
    }
    try {
      ObjectNode tree = (ObjectNode) JSON.readTree(document);
      tree.set(GIVEN, JSON.readTree(ApiJson.toJson(given)));
      tree.set(REALTIME, JSON.valueToTree(realtimeInstanceTypes));
      tree.set(TRANSFORM, JSON.valueToTree(transformInstanceTypes));
      return JSON.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("model can't be written", e);
    }
  }

  private static List<String> texts(JsonNode array) {
    var texts = new ArrayList<String>();
    array.forEach(element -> texts.add(element.asText()));
    return texts;
  }
}
