import { LocalKinesis, LocalLeaseStore, VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Consumer, KinesisClient, LeaseStore } from "effect-kinesis"

const shards = 4
const hour = 3_600_000

/** What one worker of four shards asks of the lease table in an hour, by operation, after the first minute. */
const callsOfAnHour = (recordsASecond: number) =>
  VirtualTime.run(Effect.gen(function*() {
    const kinesis = yield* LocalKinesis.make({ streams: [{ name: "orders", shardCount: shards }] })
    const table = yield* LocalLeaseStore.make()
    yield* Effect.fork(
      Consumer.run({
        application: "billing",
        stream: "orders",
        from: "trim-horizon",
        idleInterval: "10 seconds",
        handler: () => Effect.void
      }).pipe(
        Effect.provideService(KinesisClient.KinesisClient, kinesis.client),
        Effect.provideService(LeaseStore.LeaseStore, table.store)
      )
    )
    const write = Effect.forEach(
      Array.from({ length: recordsASecond }, (_, index) => index),
      (index) => kinesis.client.putRecord({ stream: "orders", partitionKey: `${index}`, data: new Uint8Array(1) })
    )
    yield* Effect.sleep(60_000)
    const before = (yield* table.local.calls).length
    for (let passed = 0; passed < hour; passed += 10_000) {
      yield* write
      yield* Effect.sleep(10_000)
    }
    const counts = new Map<string, number>()
    for (const { operation } of (yield* table.local.calls).slice(before)) {
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
    }
    return counts
  }))
/** KCL renews each lease every failover / 3 - epsilon = 3308 ms: 1,088 times an hour. */
const renewalsOfKcl = hour / 3308

describe("what sharing asks of the lease table in an hour", () => {
  for (const records of [0, 40]) {
    it.effect(`a shard costs no more writes than KCL's renewals, ${records === 0 ? "idle" : "busy"}`, () =>
      Effect.gen(function*() {
        const calls = yield* callsOfAnHour(records)
        const of = (operation: string) => calls.get(operation) ?? 0
        const writes = (of("renew") + of("checkpoint")) / shards
        assert.isAtMost(writes, renewalsOfKcl)
        assert.isAtLeast(writes, 1050)
        assert.strictEqual(of("checkpoint") > 0, records > 0)
        assert.isAtMost(of("list"), 370)
        assert.isAtMost(of("owned"), 7300)
        assert.deepStrictEqual([...calls.keys()].toSorted(), [
          ...(records > 0 ? ["checkpoint"] : []),
          "list",
          "owned",
          "renew"
        ])
      }))
  }
})
