/**
 * What a producer's records fail with. Each says whether the record may be in the stream all the same.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Either from "effect/Either"
import type { Receipt } from "./internal/producer/receipt.js"
import * as Texts from "./internal/producer/texts.js"
import type { FailureReason as Reason } from "./internal/write/entry.js"
import type { PutRecordsEntry } from "./KinesisApi.js"

/**
 * Why a record was given up:
 *
 * - `"encode"`: the encoder could make no record of the value; the cause is the `EncodeError`;
 * - `"invalid"`: the service does not take this record. It is too large or its key is none, or the service refused it alone;
 * - `"refused"`: the service refuses every record of this producer, since the stream, a permission or the KMS key is missing;
 * - `"expired"`: it was not written within `recordDeadline`; the cause is what its last attempt failed with;
 * - `"exhausted"`: requests failed for longer than `retry` says;
 * - `"unanswered"`: its request was not answered, and `onUnknown` is `"fail"`;
 * - `"predecessor"`: an earlier record of its key failed, the order is to be kept, and `onFailure` is `"fail"`;
 * - `"closed"`: the producer was closed before it could be written.
 *
 * @since 0.1.0
 * @category errors
 */
export type FailureReason = Reason

/**
 * A record was given up. `written` says whether it may be in the stream: `"no"` means that it is not and may be put again; after `"unknown"` to put it again
 * may write it twice, since an attempt was not answered, or put it into an aggregate that only some readers read.
 *
 * @since 0.1.0
 * @category errors
 */
export class PutError extends Data.TaggedError("PutError")<{
  /** Name or ARN of the stream. */
  readonly stream: string
  /** Why. */
  readonly reason: FailureReason
  /** Whether it may be in the stream. */
  readonly written: "no" | "unknown"
  /** How many requests it was in. */
  readonly attempts: number
  /** What was wrong, in words. Of the record it quotes nothing. */
  readonly description: string
  /** What its last attempt failed with, or the encoder. */
  readonly cause: unknown
}> {
  readonly #entry: PutRecordsEntry | undefined

  constructor(
    { entry, ...fields }: {
      readonly stream: string
      readonly reason: FailureReason
      readonly written: "no" | "unknown"
      readonly attempts: number
      readonly description: string
      readonly cause: unknown
      readonly entry: PutRecordsEntry | undefined
    }
  ) {
    super(fields)
    this.#entry = entry
  }

  /**
   * The record, for a dead-letter queue; undefined if the encoder made none. Loggers do not see it.
   *
   * @since 0.1.0
   */
  get entry(): PutRecordsEntry | undefined {
    return this.#entry
  }

  /**
   * What happened, and whether it may have been written, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return Texts.putMessage(this)
  }
}

/**
 * Some of the records of a `putAll` were given up. The others were written: their receipts stand in `outcomes`.
 *
 * @since 0.1.0
 * @category errors
 */
export class PutAllError extends Data.TaggedError("PutAllError")<{
  /** Name or ARN of the stream. */
  readonly stream: string
  /** What became of each record, in the order in which they were given. */
  readonly outcomes: ReadonlyArray<Either.Either<Receipt, PutError>>
  /** Those that were given up, in the same order. */
  readonly failed: ReadonlyArray<PutError>
}> {
  /**
   * How many were given up, and what the first failed with.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return Texts.putAllMessage(this)
  }
}

/**
 * The producer's scope is closed: it takes no more records. This one was not taken, and is not in the stream.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProducerClosed extends Data.TaggedError("ProducerClosed")<{
  /** Name or ARN of the stream. */
  readonly stream: string
}> {
  /**
   * That it is closed.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return `the producer of ${this.stream} is closed: the record was not taken`
  }
}
