import type * as AwsSdk from "effect-kinesis/AwsSdk"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Administration from "./administration.js"
import * as Engines from "./engine.js"
import type * as Faults from "./faults.js"
import * as Lifecycle from "./lifecycle.js"
import * as Lookup from "./lookup.js"
import * as Model from "./model.js"
import * as Rules from "./options.js"
import { isRefusal } from "./refusal.js"
import type * as Service from "./service.js"

/** The knobs of the service that `LocalKinesis` offers. */
export const toKnobs = (self: Service.State): LocalKinesis.Service => ({ ...ofCalls(self), ...ofStreams(self) })

type OfStreams = "updateMaxRecordSize" | "distribute" | "trim" | "expireShard" | "records"

/** What makes calls misbehave, and shows them. */
const ofCalls = ({ account, calls }: Service.State): Omit<LocalKinesis.Service, OfStreams> => {
  /** A knob whose target is checked; `of` are the only operations that it meets, unless it meets all. */
  const knob = <T extends LocalKinesis.Target>(
    name: keyof LocalKinesis.Service,
    table: Readonly<Record<string, AwsSdk.Check>>,
    action: (target: T) => Service.Action,
    of?: ReadonlyArray<KinesisClient.Operation>
  ) =>
  (target: T): Effect.Effect<void> =>
    Effect.flatMap(Rules.check(`LocalKinesis.${name}`, table, target), () => {
      const { entries, operation, shardId, stream, times }: LocalKinesis.Target & Partial<LocalKinesis.EntryTarget> =
        target
      const meant = {
        operations: operation === undefined ? of : [operation],
        stream: Lookup.nameOf(account, stream) ?? stream,
        shardId,
        entries
      }
      return Engines.inject(calls, meant, action(target), times)
    })
  const delay = (name: "delay" | "delayAnswer" | "straggle", of: Faults.Delay["of"]) =>
    knob(
      name,
      { ...Rules.target, ...Rules.delay },
      ({ duration }: LocalKinesis.Target & { readonly duration: Duration.DurationInput }) => ({
        _tag: "Delay",
        of,
        millis: Duration.toMillis(duration)
      })
    )
  return {
    throttle: knob("throttle", Rules.target, () => ({ _tag: "Throttle" })),
    expireIterator: knob("expireIterator", Rules.readTarget, () => ({ _tag: "ExpireIterator" }), ["getRecords"]),
    fail: knob("fail", { ...Rules.target, ...Rules.failure }, ({ error }) => ({ _tag: "Fail", error })),
    failEntries: knob("failEntries", Rules.failedEntries, ({ errorCode = "InternalFailure" }) => ({
      _tag: "FailEntries",
      errorCode
    }), ["putRecords"]),
    failKms: knob(
      "failKms",
      Rules.kmsFailure,
      ({ code }) => ({ _tag: "FailKms", code }),
      ["putRecord", "putRecords", "getRecords"]
    ),
    delay: delay("delay", "call"),
    straggle: delay("straggle", "effect"),
    delayAnswer: delay("delayAnswer", "answer"),
    hang: knob("hang", Rules.target, () => ({ _tag: "Hang" })),
    loseAnswer: knob("loseAnswer", Rules.target, () => ({ _tag: "LoseAnswer" })),
    emptyPages: knob("emptyPages", Rules.readTarget, () => ({ _tag: "EmptyPage" }), ["getRecords"]),
    omit: knob("omit", { ...Rules.target, ...Rules.omission }, ({ fields }) => ({ _tag: "Omit", fields })),
    omitEntries: knob(
      "omitEntries",
      Rules.omittedEntries,
      ({ count = 1 }) => ({ _tag: "OmitEntries", count }),
      ["putRecords"]
    ),
    clearFaults: Engines.clear(calls),
    calls: Effect.sync(() => calls.log.newest())
  }
}

/** What changes and shows streams. */
const ofStreams = (self: Service.State): Pick<LocalKinesis.Service, OfStreams> => {
  const known = Effect.fnUntraced(function*(stream: string) {
    const found = Lookup.findStream(self.account, stream, yield* self.now)
    return isRefusal(found) ? yield* Effect.dieMessage(found.description) : found
  })
  return {
    updateMaxRecordSize: Effect.fnUntraced(function*(target) {
      yield* Rules.check("LocalKinesis.updateMaxRecordSize", Rules.resized, target)
      const { maxRecordSizeInKiB, stream } = target
      const refusal = Administration.refuseRecordSize(maxRecordSizeInKiB)
      if (refusal !== undefined) return yield* Effect.dieMessage(refusal.description)
      const found = yield* known(stream)
      found.maxRecordSizeInKiB = maxRecordSizeInKiB
    }),
    distribute: Effect.fnUntraced(function*(target) {
      yield* Rules.check("LocalKinesis.distribute", Rules.distributed, target)
      const { strategy, stream } = target
      const found = yield* known(stream)
      found.distribution = strategy
    }),
    trim: Effect.fnUntraced(function*(target) {
      yield* Rules.check("LocalKinesis.trim", Rules.trimmed, target)
      const { shardId, stream, upTo } = target
      const { shards } = yield* known(stream)
      for (const shard of shards) if (shardId === undefined || shard.id === shardId) Lifecycle.trim(shard, upTo)
    }),
    expireShard: Effect.fnUntraced(function*(target) {
      yield* Rules.check("LocalKinesis.expireShard", Rules.expired, target)
      const { shardId, stream } = target
      const { shards } = yield* known(stream)
      const shard = shards.find(({ id }) => id === shardId)
      if (shard === undefined || Model.isOpen(shard)) return yield* Effect.dieMessage(`no closed shard ${shardId}`)
      Lifecycle.expire(shard)
    }),
    records: (stream) =>
      Effect.map(self.now, (now) => {
        const found = Lookup.findStream(self.account, stream, now)
        if (isRefusal(found)) return []
        Lifecycle.ageAll(found, now)
        return found.shards.flatMap((shard) =>
          shard.log.map(({ record }, index) => ({ ...record, trimmed: index < shard.trimmed }))
        )
      })
  }
}
