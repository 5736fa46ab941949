import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { InvalidArgument, type KinesisError, ServiceUnavailable } from "../../KinesisError.js"
import { ProducerEvent } from "../../ProducerEvent.js"
import * as Listing from "../reading/listShards.js"
import * as Retry from "../reading/retry.js"
import * as Answers from "../write/answers.js"
import * as Limits from "../write/limits.js"
import * as ShardMap from "../write/shardMap.js"
import * as Happenings from "./happenings.js"
import * as Stream from "./stream.js"
import * as Writer from "./writer.js"

const describe = ({ client, settings: { stream } }: Writer.Writer) => client.describeStreamSummary({ stream })

const list = (self: Writer.Writer): Effect.Effect<ShardMap.ShardMap, KinesisError> => {
  const { client, knowledge, settings: { stream } } = self
  return Effect.flatMap(Listing.all(client, stream, { type: "AT_LATEST" }, (call) => call), (shards) => {
    const map = ShardMap.make(shards, knowledge.map)
    return map === undefined
      ? Effect.fail(
        new ServiceUnavailable({ operation: "ListShards", stream, description: "the listing leaves out hash keys" })
      )
      : Effect.succeed(map)
  })
}

const emitAll = ({ emit }: Writer.Writer, events: ReadonlyArray<ProducerEvent>): Effect.Effect<void> =>
  Effect.forEach(events, emit, { discard: true })

/** Between two listings, and after one that failed while nothing depends on it. */
const shortestMillis = 5_000
const restMillis = 30_000
/** Producers that learn of a reshard at the same time do not list at the same time. */
const spreadMillis = 250

/** By what is known now, aggregates are in their place or go again; of others it is still not known. */
const resolve = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { doubts } = self.knowledge
    self.knowledge.doubts = []
    return Effect.forEach(doubts, (doubt) => {
      const report = Answers.resolve(self.core, doubt, Writer.now(self))
      if (report !== undefined) return Happenings.apply(self, report)
      self.knowledge.doubts = [...self.knowledge.doubts, doubt]
      return Effect.void
    }, { discard: true })
  })

const refresh = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { knowledge } = self
    knowledge.isStale = false
    const told = yield* Effect.option(describe(self))
    const events = Stream.described(self, told._tag === "Some" ? told.value : undefined)
    knowledge.listedAt = Writer.now(self)
    if (!Stream.needsMap(self)) {
      Stream.layOut(self)
      yield* resolve(self)
      return yield* emitAll(self, events)
    }
    const map = yield* Effect.either(list(self))
    const found = map._tag === "Right"
      ? Stream.listed(self, map.right)
      : [ProducerEvent.MapUnavailable({ error: map.left, isWithoutMap: knowledge.map === undefined })]
    Stream.layOut(self)
    yield* resolve(self)
    knowledge.isStale ||= knowledge.doubts.length > 0 || knowledge.isSuspect || map._tag === "Left"
    yield* emitAll(self, [...events, ...found])
  })

/*
 * The keeper's loop: it lists the shards, and asks who distributes the records, whenever an answer has shown something that it did not know. That may be
 * every five seconds at most. Meanwhile, and while it fails, sending goes on by what is known. It ends with the producer.
 */
export const run = (self: Writer.Writer): Effect.Effect<never> => {
  const { knowledge, staleness } = self
  const round = Effect.gen(function*() {
    yield* staleness.waitUntil(() => knowledge.isStale)
    const isUrgent = knowledge.doubts.length > 0 || knowledge.isSuspect || knowledge.map !== undefined
    const earliest = knowledge.listedAt + (isUrgent ? shortestMillis : restMillis)
    const spread = spreadMillis * (yield* Random.next)
    yield* Effect.sleep(Math.max(0, earliest - Writer.now(self)) + spread)
    yield* refresh(self)
  })
  return Effect.forever(round)
}

/** How long a producer that is being made tries to reach the service. */
const patience = "15 seconds"

const patiently = <A>(self: Writer.Writer, call: Effect.Effect<A, KinesisError>): Effect.Effect<A, KinesisError> =>
  Effect.retry(call, {
    schedule: self.settings.retry.pipe(Schedule.upTo(patience)),
    while: Retry.mayPass
  })

const isForbidden = (error: KinesisError): boolean => error._tag === "AccessDenied" && error.reason === "permission"

/** What is known of the stream when the producer is made. Without permission to ask, records travel alone. */
export const start = (self: Writer.Writer): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    const { knowledge, settings: { maxRecordBytes, order, stream } } = self
    const told = yield* patiently(self, describe(self)).pipe(
      Effect.catchIf(isForbidden, () => Effect.succeed(undefined))
    )
    Stream.described(self, told)
    if (maxRecordBytes !== "discover") knowledge.maxRecordBytes = maxRecordBytes
    else if (told?.maxRecordSizeInKiB === undefined) knowledge.maxRecordBytes = Limits.recordBytes
    if (knowledge.strategy === "AUTO" && order === "key") {
      return yield* new InvalidArgument({
        operation: "Producer.make",
        stream,
        field: "order",
        description:
          "must be \"none\" where the service distributes the stream's records, was \"key\": such a stream has no order"
      })
    }
    if (!Stream.needsMap(self)) return Stream.layOut(self)
    const map = yield* Effect.either(patiently(self, list(self)))
    if (map._tag === "Right") Stream.listed(self, map.right)
    else if (map.left._tag === "ResourceNotFound") return yield* map.left
    else {
      Stream.outdate(self)
      yield* self.emit(ProducerEvent.MapUnavailable({ error: map.left, isWithoutMap: true }))
    }
    knowledge.listedAt = Writer.now(self)
    Stream.layOut(self)
  })
