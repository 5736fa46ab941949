import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { InvalidArgument, KinesisError } from "../../KinesisError.js"
import { ResourceNotFound, ServiceUnavailable } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import * as Position from "../../Position.js"
import * as PollState from "../shard/pollState.js"
import * as ServerClock from "../shard/serverClock.js"
import type { ReadContext } from "./context.js"
import * as ListShards from "./listShards.js"
import type { ShardToRead } from "./pageSource.js"
import * as Retry from "./retry.js"

/** A shard that is read by iterators. */
export interface Polled {
  readonly context: ReadContext
  readonly shard: ShardToRead
  poll: PollState.PollState
}

/** A call about the shard. If the shard is not found although it is listed, it will be found again. */
export const calling = <A, E extends { readonly _tag: string }>(
  self: Polled,
  call: Effect.Effect<A, E | KinesisError>
): Effect.Effect<A, E | KinesisError> =>
  Effect.catchAll(call, (error): Effect.Effect<never, E | KinesisError> =>
    error._tag === "ResourceNotFound"
      ? Effect.flatMap(
        isListed(self),
        (listed) => failing(self, listed ? stillListed(error as ResourceNotFound) : error)
      )
      : failing(self, error))

const failing = <E extends { readonly _tag: string }>({ context: { outage } }: Polled, error: E) => {
  if (error._tag !== "ExpiredIterator") outage.last = error as never
  return Effect.fail(error)
}

const isListed = ({ context: { client, emit, outages, settings }, shard: { shardId } }: Polled) => {
  /** The call that it is about waits for the stream. */
  const unlessInUse = Retry.retrying({ ...settings, resourceRetry: Schedule.stop }, emit, outages)
  return Effect.map(
    ListShards.all(client, settings.stream, { type: "FROM_TRIM_HORIZON" }, unlessInUse),
    (shards) => shards.some((shard) => shard.shardId === shardId)
  )
}

const stillListed = ({ cause, description, operation, shardId, stream }: ResourceNotFound) =>
  new ServiceUnavailable({
    operation,
    stream,
    shardId,
    description: `not found, though it is listed: ${description}`,
    cause
  })

/** An answer that lacks a required field. */
export const lacking = (self: Polled, operation: string, what: string): Effect.Effect<never, ServiceUnavailable> =>
  failing(self, lacks(self, operation, what))

const lacks = ({ context: { settings: { stream } }, shard: { shardId } }: Polled, operation: string, what: string) =>
  new ServiceUnavailable({ operation, stream, shardId, description: `the answer ${what}` })

/** An iterator of this position, or the oldest record's position in place of one that has left retention. */
export const get = (
  self: Polled,
  position: Position.Startable,
  isCorrected = false
): Effect.Effect<void, KinesisError> =>
  Effect.suspend(() => {
    const { context: { client, monotonicMillis, retrying, settings: { stream } }, shard: { shardId, skew } } = self
    let aheadBy = 0
    let sent = position
    const ask = Effect.suspend(() => {
      aheadBy = skew.millis
      sent = ServerClock.shift(position, aheadBy)
      return calling(
        self,
        Effect.filterOrFail(
          client.getShardIterator({ stream, shardId, position: sent }),
          ({ shardIterator }) => typeof shardIterator === "string" && shardIterator !== "",
          () => lacks(self, "GetShardIterator", "has no iterator")
        )
      )
    })
    return retrying(ask).pipe(
      Effect.map(({ shardIterator }) => {
        const accepted = PollState.corrected(self.poll, sent)
        self.poll = PollState.step(accepted, { _tag: "IteratorReceived", shardIterator, at: monotonicMillis() })
      }),
      Effect.catchTag("InvalidArgument", (refusal) => {
        switch (PollState.afterRefusal(position, isCorrected)) {
          case "trimmed":
            return onTrimmed(self, position, refusal.description, self.poll.lastSequenceNumber)
          case "correct-clock":
            return Effect.zipRight(correctClock(self, sent, aheadBy, refusal), get(self, position, true))
          case "fail":
            return Effect.fail(refusal)
        }
      })
    )
  })

/** The skew is determined once: a shard that asked at the same time as another finds it corrected. */
const correctClock = (
  { context: { emit, epochMillis }, shard: { skew } }: Polled,
  sent: Position.Startable,
  aheadBy: number,
  refusal: InvalidArgument
): Effect.Effect<void, InvalidArgument> =>
  Effect.suspend(() => {
    const skewMillis = ServerClock.skewMillis(refusal.description, sent, epochMillis())
    if (skewMillis === undefined) return Effect.fail(refusal)
    if (skew.millis !== aheadBy) return Effect.void
    skew.millis += skewMillis
    return emit(KinesisEvent.ClockAhead({ skewMillis }))
  })

/** The position has left retention, or belongs to an earlier stream of this name. */
export const onTrimmed = (
  self: Polled,
  position: Position.Position,
  reason: string,
  floor: string | undefined
): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    const { context: { emit, settings: { onTrimmed, stream } }, shard: { shardId } } = self
    yield* emit(KinesisEvent.DataLossPossible({ shardId, position, reason }))
    if (onTrimmed === "fail") {
      const description = `${Position.format(position)} has left retention: ${reason}`
      return yield* new ResourceNotFound({ operation: "GetShardIterator", stream, description })
    }
    yield* Effect.logWarning(
      `${stream}/${shardId}: ${Position.format(position)} has left retention; continuing from the oldest record`
    )
    self.poll = PollState.step(self.poll, { _tag: "PositionTrimmed", floor })
  })
