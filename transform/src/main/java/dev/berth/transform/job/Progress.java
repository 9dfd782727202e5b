package dev.berth.transform.job;

import java.util.concurrent.atomic.LongAdder;

/** How far a job is. Many threads at a time. */
final class Progress {
  /** Bytes of input objects read, as they lie in S3; those of objects begun anew count again. */
  final LongAdder inputBytes = new LongAdder();

  /** Records whose answers were written. */
  final LongAdder records = new LongAdder();

  /** Bytes of output written. */
  final LongAdder outputBytes = new LongAdder();

  /** Requests answered. */
  final LongAdder requests = new LongAdder();
}
