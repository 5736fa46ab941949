import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Engines from "./engine.js"
import * as Lifecycle from "./lifecycle.js"
import * as Lookup from "./lookup.js"
import * as Model from "./model.js"
import { isRefusal } from "./refusal.js"
import type * as Service from "./service.js"

/** The knobs of the service that `LocalKinesis` offers. */
export const toKnobs = (self: Service.State): LocalKinesis.Service => {
  const { account, calls } = self
  const inject = (
    { operation, shardId, stream, times }: LocalKinesis.Target,
    action: Service.Action
  ): Effect.Effect<void> =>
    Engines.inject(calls, { operation, shardId, stream: Lookup.nameOf(account, stream) ?? stream }, action, times)
  const known = Effect.fnUntraced(function*(stream: string) {
    const found = Lookup.findStream(account, stream, yield* self.now)
    return isRefusal(found) ? yield* Effect.dieMessage(found.description) : found
  })
  return {
    throttle: (target) => inject(target, { _tag: "Throttle" }),
    expireIterator: (target) => inject({ ...target, operation: "getRecords" }, { _tag: "ExpireIterator" }),
    fail: (target) => inject(target, { _tag: "Fail", error: target.error }),
    delay: (target) => inject(target, { _tag: "Delay", millis: Duration.toMillis(target.duration) }),
    hang: (target) => inject(target, { _tag: "Hang" }),
    loseAnswer: (target) => inject(target, { _tag: "LoseAnswer" }),
    emptyPages: (target) => inject({ ...target, operation: "getRecords" }, { _tag: "EmptyPage" }),
    omit: (target) => inject(target, { _tag: "Omit", fields: target.fields }),
    distribute: Effect.fnUntraced(function*({ strategy, stream }) {
      const found = yield* known(stream)
      found.distribution = strategy
    }),
    clearFaults: Engines.clear(calls),
    trim: Effect.fnUntraced(function*({ shardId, stream, upTo }) {
      const { shards } = yield* known(stream)
      for (const shard of shards) if (shardId === undefined || shard.id === shardId) Lifecycle.trim(shard, upTo)
    }),
    expireShard: Effect.fnUntraced(function*({ shardId, stream }) {
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
