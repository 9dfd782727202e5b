package dev.berth.transform.processing;

import dev.berth.transform.processing.JsonPath.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the text of a {@link JsonPath}. One thread, one text. */
final class JsonPathReader {
  private static final String QUOTED = "\\s*'((?:[^'\\\\]|\\\\.)*)'\\s*";
  private static final String NUMBER = "\\s*(-?\\d{1,9})\\s*";

  private static final Pattern CHILD = Pattern.compile("\\.([^.\\[\\]'\"*?()@,:\\s]+)");
  private static final Pattern EVERY = Pattern.compile("\\.\\*|\\[\\s*\\*\\s*]");
  private static final Pattern NAMES = Pattern.compile("\\[" + QUOTED + "(?:," + QUOTED + ")*]");
  private static final Pattern NAME = Pattern.compile(QUOTED);
  private static final Pattern INDICES = Pattern.compile("\\[" + NUMBER + "(?:," + NUMBER + ")*]");
  private static final Pattern INDEX = Pattern.compile(NUMBER);
  private static final Pattern RANGE =
      Pattern.compile("\\[\\s*(-?\\d{1,9})?\\s*:\\s*(-?\\d{1,9})?\\s*]");

  private final String text;
  private int at = 1;

  JsonPathReader(String text) {
    this.text = text;
  }

  List<Step> steps() {
    if (!text.startsWith("$")) {
      throw wrong("it must begin with $");
    }
    var steps = new ArrayList<Step>();
    while (at < text.length()) {
      steps.add(step());
    }
    return steps;
  }

  private Step step() {
    if (text.startsWith("..", at)) {
      throw wrong("recursive descent (..) is not supported");
    }
    if (text.startsWith("[?", at)) {
      throw wrong("filters (?) are not supported");
    }
    Matcher found = match(EVERY);
    if (found.lookingAt()) {
      at = found.end();
      return new Step.Every();
    }
    found = match(CHILD);
    if (found.lookingAt()) {
      at = found.end();
      return new Step.Name(found.group(1));
    }
    found = match(NAMES);
    if (found.lookingAt()) {
      at = found.end();
      var names = new ArrayList<String>();
      Matcher name = NAME.matcher(found.group());
      while (name.find()) {
        names.add(name.group(1).replaceAll("\\\\(.)", "$1"));
      }
      return names.size() == 1 ? new Step.Name(names.getFirst()) : new Step.Names(names);
    }
    found = match(INDICES);
    if (found.lookingAt()) {
      at = found.end();
      var indices = new ArrayList<Integer>();
      Matcher index = INDEX.matcher(found.group());
      while (index.find()) {
        indices.add(Integer.valueOf(index.group(1)));
      }
      return indices.size() == 1 ? new Step.Index(indices.getFirst()) : new Step.Indices(indices);
    }
    found = match(RANGE);
    if (found.lookingAt()) {
      at = found.end();
      return new Step.Range(number(found.group(1), 0), number(found.group(2), -1));
    }
    throw wrong("it is not understood from '%s' on".formatted(text.substring(at)));
  }

  private Matcher match(Pattern pattern) {
    Matcher matcher = pattern.matcher(text);
    matcher.region(at, text.length());
    return matcher;
  }

  private static int number(@org.jspecify.annotations.Nullable String digits, int otherwise) {
    return digits == null ? otherwise : Integer.parseInt(digits);
  }

  private IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException("'%s' is not a JSONPath: %s".formatted(text, why));
  }
}
