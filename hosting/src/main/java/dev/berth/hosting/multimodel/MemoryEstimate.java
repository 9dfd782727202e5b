package dev.berth.hosting.multimodel;

/**
 * How much memory a model will take, judged by those of like size that were loaded before. A file
 * says little: trees written as JSON take a tenth of it in memory, a network's weights all of it
 * and more. Models of one endpoint are mostly of a kind, so what each byte of file took is kept for
 * each power of two of the files' sizes. It errs on the large side: it follows a greater share at
 * once, a smaller one bit by bit. Many threads at a time.
 */
final class MemoryEstimate {
  /** How many smaller ones in a row are believed to be the rule, roughly. */
  private static final int SLOWNESS = 16;

  private static final int SIZES = Long.SIZE;

  /** Guarded by this: bytes of memory for a byte of file, by the file's size; 0 where unknown. */
  private final double[] shares = new double[SIZES];

  /**
   * Returns the bytes that a model will probably take: as many as its files where none of like size
   * was loaded yet.
   */
  synchronized long of(long fileBytes) {
    double share = shares[size(fileBytes)];
    return share == 0 ? fileBytes : (long) Math.ceil(share * Math.max(1, fileBytes));
  }

  /** Learns what a model has taken. */
  synchronized void learn(long fileBytes, long memoryBytes) {
    double seen = Math.max(1, memoryBytes) / (double) Math.max(1, fileBytes);
    double known = shares[size(fileBytes)];
    shares[size(fileBytes)] = seen >= known ? seen : known + (seen - known) / SLOWNESS;
  }

  private static int size(long fileBytes) {
    return SIZES - 1 - Long.numberOfLeadingZeros(Math.max(1, fileBytes));
  }
}
