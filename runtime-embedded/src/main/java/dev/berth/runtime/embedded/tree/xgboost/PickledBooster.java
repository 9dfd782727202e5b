package dev.berth.runtime.embedded.tree.xgboost;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the model in a Booster that Python pickled, as AWS's own training jobs store it: a pickle
 * of protocol 2 to 5 with one instance of {@code xgboost.core.Booster}, whose {@code handle} has
 * the model's bytes.
 *
 * <p>Nothing in the pickle is run or instantiated: this reads only the opcodes that such a pickle
 * has, keeps only texts, bytes and dictionaries with texts as keys, and refuses the rest. A general
 * unpickler would have to be trusted with lengths, hash keys and constructors from the file. One
 * thread at a time.
 */
final class PickledBooster {
  private static final Object MARK = new Object();

  /** Stands for a value that no one asks for: a number, a list of feature names. */
  private static final Object OTHER = new Object();

  private final ByteBuffer in;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Integer, Object> memo = new HashMap<>();

  /** A class or function that the pickle names. */
  private record Global(String name) {}

  /** An instance and the dictionary it is built from. */
  private record Instance(String type, Map<String, Object> state) {}

  private PickledBooster(ByteBuffer in) {
    this.in = in;
  }

  /** Returns whether {@code bytes} begin and end as a pickle of protocol 2 to 5 does. */
  static boolean isPickle(byte[] bytes) {
    return bytes.length > 3
        && bytes[0] == (byte) 0x80
        && bytes[1] >= 2
        && bytes[1] <= 5
        && bytes[bytes.length - 1] == '.';
  }

  /**
   * Returns the bytes that xgboost made of the model.
   *
   * @throws MalformedModelException if the pickle is not of a Booster alone
   */
  static byte[] model(byte[] bytes) {
    try {
      var value = new PickledBooster(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)).load();
      if (value instanceof Instance(var type, var state)
          && type.equals("xgboost.core.Booster")
          && state.get("handle") instanceof ByteBuffer handle) {
        var model = new byte[handle.remaining()];
        handle.duplicate().get(model);
        return model;
      }
      throw notABooster(value instanceof Instance instance ? instance.type() : "something else");
    } catch (BufferUnderflowException e) {
      throw new MalformedModelException("it is a pickle that ends too early", e);
    }
  }

  private static MalformedModelException notABooster(String what) {
    return new MalformedModelException(
        "it is a pickle, but of %s and not of an xgboost Booster; save the model with Booster.save_model('model.ubj') and pack that file instead"
            .formatted(what));
  }

  private Object load() {
    while (true) {
      int opcode = in.get() & 0xff;
      switch (opcode) {
        case '.' -> { // STOP
          return pop();
        }
        case 0x80 -> in.get(); // PROTO
        case 0x95 -> in.getLong(); // FRAME
        case '(' -> push(MARK);
        case ')', ']' -> push(opcode == ')' ? List.of() : OTHER); // EMPTY_TUPLE, EMPTY_LIST
        case '}' -> push(new HashMap<String, Object>()); // EMPTY_DICT
        case 'N', 0x88, 0x89 -> push(OTHER); // NONE, NEWTRUE, NEWFALSE
        case 'K' -> other(1); // BININT1
        case 'M' -> other(2); // BININT2
        case 'J' -> other(4); // BININT
        case 'G' -> other(8); // BINFLOAT
        case 0x8a -> other(in.get() & 0xff); // LONG1
        case 'X' -> push(text(in.getInt())); // BINUNICODE
        case 0x8c -> push(text(in.get() & 0xff)); // SHORT_BINUNICODE
        case 0x8d -> push(text(in.getLong())); // BINUNICODE8
        case 'B' -> push(slice(in.getInt())); // BINBYTES
        case 'C' -> push(slice(in.get() & 0xff)); // SHORT_BINBYTES
        case 0x8e, 0x96 -> push(slice(in.getLong())); // BINBYTES8, BYTEARRAY8
        case 'q' -> memo.put(in.get() & 0xff, peek()); // BINPUT
        case 'r' -> memo.put(in.getInt(), peek()); // LONG_BINPUT
        case 0x94 -> memo.put(memo.size(), peek()); // MEMOIZE
        case 'h' -> push(remembered(in.get() & 0xff)); // BINGET
        case 'j' -> push(remembered(in.getInt())); // LONG_BINGET
        case 0x85 -> push(List.of(pop())); // TUPLE1
        case 0x86 -> push(List.of(pop(), pop()).reversed()); // TUPLE2
        case 0x87 -> push(List.of(pop(), pop(), pop()).reversed()); // TUPLE3
        case 't' -> push(popToMark()); // TUPLE
        case 'a' -> pop(); // APPEND
        case 'e' -> popToMark(); // APPENDS
        case 's' -> set(List.of(pop(), pop()).reversed()); // SETITEM
        case 'u' -> set(popToMark()); // SETITEMS
        case 'c' -> push(new Global(line() + "." + line())); // GLOBAL
        case 0x93 -> push(stackGlobal()); // STACK_GLOBAL
        case 'R', 0x81 -> make(); // REDUCE, NEWOBJ
        case 'b' -> build(); // BUILD
        default -> throw notABooster("more than a Booster");
      }
    }
  }

  private void other(int bytes) {
    slice(bytes);
    push(OTHER);
  }

  private String text(long length) {
    return UTF_8.decode(slice(length)).toString();
  }

  private ByteBuffer slice(long length) {
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    var slice = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return slice;
  }

  private String line() {
    int start = in.position();
    while (in.get() != '\n') {
      // to the end of the line
    }
    var line = new byte[in.position() - 1 - start];
    in.get(start, line);
    return new String(line, UTF_8);
  }

  private Global stackGlobal() {
    var name = pop();
    return new Global(pop() + "." + name);
  }

  /** Calls nothing: bytes are what they are made of, anything else is an empty instance. */
  private void make() {
    var arguments = pop();
    var callable = pop();
    if (!(callable instanceof Global(var name)) || !(arguments instanceof List<?> list)) {
      throw notABooster("something else");
    }
    boolean areBytes = name.endsWith(".bytearray") || name.equals("_codecs.encode");
    if (areBytes && !list.isEmpty() && list.getFirst() instanceof ByteBuffer bytes) {
      push(bytes);
    } else if (areBytes && !list.isEmpty() && list.getFirst() instanceof String text) {
      push(ByteBuffer.wrap(text.getBytes(ISO_8859_1))); // protocol 2 has no bytes
    } else if (name.endsWith(".bytearray") && list.isEmpty()) {
      push(ByteBuffer.allocate(0));
    } else {
      push(new Instance(name, new HashMap<>()));
    }
  }

  private void build() {
    var state = pop();
    if (peek() instanceof Instance instance && state instanceof Map<?, ?> map) {
      map.forEach((key, value) -> instance.state().put((String) key, value));
    }
  }

  @SuppressWarnings("unchecked") // only EMPTY_DICT makes maps, and set() fills them with texts
  private void set(List<Object> items) {
    if (!(peek() instanceof Map<?, ?> map)) {
      throw notABooster("something else");
    }
    for (int i = 0; i + 1 < items.size(); i += 2) {
      if (items.get(i) instanceof String key) {
        ((Map<String, Object>) map).put(key, items.get(i + 1));
      }
    }
  }

  private List<Object> popToMark() {
    var items = new ArrayList<Object>();
    for (var item = pop(); item != MARK; item = pop()) {
      items.add(item);
    }
    return items.reversed();
  }

  private Object remembered(int index) {
    var value = memo.get(index);
    if (value == null) {
      throw new MalformedModelException("it is a pickle that refers to nothing");
    }
    return value;
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object peek() {
    if (stack.isEmpty()) {
      throw new MalformedModelException("it is a pickle with an empty stack");
    }
    return stack.getLast();
  }

  private Object pop() {
    var value = peek();
    stack.removeLast();
    return value;
  }
}
