package dev.berth.server.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** A JSON tree as indented lines: {@code Member: value}. */
final class Tree {
  private final Terminal terminal;

  private Tree(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Writes {@code tree}; what is empty is left out, and statuses get their colour. */
  static void write(JsonNode tree, Terminal terminal) {
    new Tree(terminal).write(tree, "");
  }

  private void write(JsonNode tree, String indent) {
    for (var member : tree.properties()) {
      var value = member.getValue();
      if (value.isContainerNode() && value.isEmpty()) {
        continue;
      }
      var label = indent + terminal.faint(member.getKey() + ":");
      if (value.isArray()) {
        terminal.say(label);
        value.forEach(item -> writeItem(item, indent + "  "));
      } else if (value.isObject()) {
        terminal.say(label);
        write(value, indent + "  ");
      } else {
        var text = value.asText();
        terminal.say(
            label + " " + (member.getKey().endsWith("Status") ? terminal.status(text) : text));
      }
    }
  }

  private void writeItem(JsonNode item, String indent) {
    if (item.isObject()) {
      terminal.say(indent + "-");
      write(item, indent + "  ");
    } else {
      terminal.say(indent + "- " + item.asText());
    }
  }
}
