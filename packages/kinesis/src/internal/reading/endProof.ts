import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type KinesisError, ServiceUnavailable } from "../../KinesisError.js"
import type { ReadContext } from "./context.js"
import * as ListShards from "./listShards.js"
import * as Retry from "./retry.js"

/** Finds out about answers that look like a shard's end and prove none, until one proves something: the retry policy starts afresh then. */
export interface EndProof {
  /** Whether a listing shows the shard's end, or is without the shard. One that fails proves nothing, and is told. */
  readonly isOver: Effect.Effect<boolean>
  /** Why reading would fail, should no answer ever prove anything. */
  readonly failure: () => ServiceUnavailable
  /** Waits as after a call that failed for a passing reason; fails when the retry policy has no more. */
  readonly wait: (failure: ServiceUnavailable) => Effect.Effect<void, ServiceUnavailable>
}

export const make = ({ client, emit, outages, settings }: ReadContext, shardId: string): EndProof => {
  const { stream, transientRetry } = settings
  const once = Retry.retrying(
    { throttleRetry: Schedule.stop, transientRetry: Schedule.stop, resourceRetry: Schedule.stop },
    emit,
    outages
  )
  let patience: Schedule.ScheduleDriver<unknown, KinesisError> | undefined
  let notListed: KinesisError | undefined
  return {
    isOver: ListShards.all(client, stream, { type: "FROM_TRIM_HORIZON" }, once).pipe(
      Effect.map((shards) => {
        notListed = undefined
        const shard = shards.find((shard) => shard.shardId === shardId)
        return shard === undefined || shard.endingSequenceNumber !== undefined
      }),
      Effect.catchAll((error) => {
        notListed = error
        return Effect.as(
          Effect.logDebug(`${stream}/${shardId}: no listing tells whether the shard is closed`, error),
          false
        )
      })
    ),
    failure: () =>
      new ServiceUnavailable({
        operation: "GetRecords",
        stream,
        shardId,
        description: "the answer has no next iterator, and nothing proves that the shard has come to its end",
        cause: notListed
      }),
    wait: (failure) =>
      Effect.gen(function*() {
        patience ??= yield* Schedule.driver(transientRetry)
        yield* Effect.mapError(patience.next(failure), () => failure)
      })
  }
}
