package dev.berth.identity;

/** The alphabet of AWS's unique ids (RFC 4648, section 6, without padding). */
final class Base32 {
  private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  private Base32() {}

  /** Returns one character for each five whole bits. */
  static String text(byte[] bytes) {
    var text = new StringBuilder();
    int bits = 0;
    int held = 0;
    for (byte next : bytes) {
      bits = bits << 8 | (next & 0xff);
      held += 8;
      while (held >= 5) {
        held -= 5;
        text.append(ALPHABET.charAt(bits >> held & 31));
      }
      bits &= (1 << held) - 1;
    }
    return text.toString();
  }
}
