import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Administration from "./administration.js"
import * as Lifecycle from "./lifecycle.js"
import * as Lookup from "./lookup.js"
import * as Model from "./model.js"
import * as Rules from "./options.js"
import { isRefusal } from "./refusal.js"
import type * as Service from "./service.js"
import * as ShardLog from "./shardLog.js"
import * as Subscribing from "./subscribing.js"

/** The knobs of this file. */
export type OfStreams = "updateMaxRecordSize" | "distribute" | "trim" | "expireShard" | "records"

/** The stream of a knob's target, which must be there. */
export const known = Effect.fnUntraced(function*({ account, now }: Service.State, stream: string) {
  const found = Lookup.findStream(account, stream, yield* now)
  return isRefusal(found) ? yield* Effect.dieMessage(found.description) : found
})

/** What changes and shows streams. */
export const ofStreams = (self: Service.State): Pick<LocalKinesis.Service, OfStreams> => ({
  updateMaxRecordSize: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.updateMaxRecordSize", Rules.resized, target)
    const { maxRecordSizeInKiB, stream } = target
    const refusal = Administration.refuseRecordSize(maxRecordSizeInKiB)
    if (refusal !== undefined) return yield* Effect.dieMessage(refusal.description)
    const found = yield* known(self, stream)
    found.maxRecordSizeInKiB = maxRecordSizeInKiB
  }),
  distribute: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.distribute", Rules.distributed, target)
    const { strategy, stream } = target
    const found = yield* known(self, stream)
    found.distribution = strategy
  }),
  trim: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.trim", Rules.trimmed, target)
    const { shardId, stream, upTo } = target
    const { shards } = yield* known(self, stream)
    for (const shard of shards) if (shardId === undefined || shard.id === shardId) Lifecycle.trim(shard, upTo)
    Subscribing.stir(self.waiting)
  }),
  expireShard: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.expireShard", Rules.expired, target)
    const { shardId, stream } = target
    const { shards } = yield* known(self, stream)
    const shard = shards.find(({ id }) => id === shardId)
    if (shard === undefined || Model.isOpen(shard)) return yield* Effect.dieMessage(`no closed shard ${shardId}`)
    Lifecycle.expire(shard)
    Subscribing.stir(self.waiting)
  }),
  records: (stream) =>
    Effect.map(self.now, (now) => {
      const found = Lookup.findStream(self.account, stream, now)
      if (isRefusal(found)) return []
      Lifecycle.ageAll(found, now)
      return found.shards.flatMap((shard) => {
        const { log: { length, start }, trimmed } = shard
        return ShardLog.records(shard, found.name, { from: start, to: length })
          .map((record, index) => ({ ...record, trimmed: start + index < trimmed }))
      })
    })
})
