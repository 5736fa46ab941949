import type * as AwsSdk from "effect-kinesis/AwsSdk"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Engines from "./engine.js"
import * as Lifecycle from "./lifecycle.js"
import * as Lookup from "./lookup.js"
import * as Model from "./model.js"
import * as Rules from "./options.js"
import { isRefusal } from "./refusal.js"
import type * as Service from "./service.js"

/** The knobs of the service that `LocalKinesis` offers. */
export const toKnobs = (self: Service.State): LocalKinesis.Service => {
  const { account, calls } = self
  /** A knob whose target is checked; `ofOperation` is the only operation that it meets, if there is one. */
  const knob = <T extends LocalKinesis.Target>(
    name: keyof LocalKinesis.Service,
    table: Readonly<Record<string, AwsSdk.Check>>,
    action: (target: T) => Service.Action,
    ofOperation?: KinesisClient.Operation
  ) =>
  (target: T): Effect.Effect<void> =>
    Effect.flatMap(Rules.check(`LocalKinesis.${name}`, table, target), () => {
      const { operation = ofOperation, shardId, stream, times } = target
      const of = { operation, shardId, stream: Lookup.nameOf(account, stream) ?? stream }
      return Engines.inject(calls, of, action(target), times)
    })
  const known = Effect.fnUntraced(function*(stream: string) {
    const found = Lookup.findStream(account, stream, yield* self.now)
    return isRefusal(found) ? yield* Effect.dieMessage(found.description) : found
  })
  return {
    throttle: knob("throttle", Rules.target, () => ({ _tag: "Throttle" })),
    expireIterator: knob("expireIterator", Rules.readTarget, () => ({ _tag: "ExpireIterator" }), "getRecords"),
    fail: knob("fail", { ...Rules.target, ...Rules.failure }, ({ error }) => ({ _tag: "Fail", error })),
    delay: knob(
      "delay",
      { ...Rules.target, ...Rules.delay },
      ({ duration }) => ({ _tag: "Delay", millis: Duration.toMillis(duration) })
    ),
    hang: knob("hang", Rules.target, () => ({ _tag: "Hang" })),
    loseAnswer: knob("loseAnswer", Rules.target, () => ({ _tag: "LoseAnswer" })),
    emptyPages: knob("emptyPages", Rules.readTarget, () => ({ _tag: "EmptyPage" }), "getRecords"),
    omit: knob("omit", { ...Rules.target, ...Rules.omission }, ({ fields }) => ({ _tag: "Omit", fields })),
    distribute: Effect.fnUntraced(function*(target) {
      yield* Rules.check("LocalKinesis.distribute", Rules.distributed, target)
      const { strategy, stream } = target
      const found = yield* known(stream)
      found.distribution = strategy
    }),
    clearFaults: Engines.clear(calls),
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
    calls: Effect.sync(() => calls.log.newest()),
    records: (stream) =>
      Effect.map(self.now, (now) => {
        const found = Lookup.findStream(account, stream, now)
        if (isRefusal(found)) return []
        Lifecycle.ageAll(found, now)
        return found.shards.flatMap((shard) =>
          shard.log.map(({ record }, index) => ({ ...record, trimmed: index < shard.trimmed }))
        )
      })
  }
}
