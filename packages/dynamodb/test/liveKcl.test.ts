import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Logger, TestClock } from "effect"
import type { Row } from "../src/internal/leaseRow.js"
import * as LiveKcl from "../src/internal/liveKcl.js"
import { useDynalite } from "./support/dynalite.js"
import { fresh, reach, shard } from "./support/table.js"

/** A leader's row as KCL 3.5 writes it. */
const leader = (version: string, more: Row = {}): Row => ({
  leaseKey: { S: "Leader" },
  entityType: { S: "LEADER" },
  ownerName: { S: "host-1" },
  leaseDuration: { S: "120000" },
  recordVersionNumber: { S: version },
  ...more
})

const makeLog = () => {
  const lines: Array<string> = []
  const log = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ date, logLevel, message }) =>
      void lines.push(`${date.getTime() / 1000} ${logLevel.label} ${String(message)}`)
    )
  )
  return { lines, log }
}

/** A lease table that has a leader's row alone. */
const makePlace = (row: Row | undefined) => {
  const table = { row }
  const place = LiveKcl.inLeaseTable({
    table: "leases",
    getItem: () => Effect.sync(() => table.row),
    updateItem: () => Effect.sync(() => table.row = { ...table.row, isReleased: { S: "1" } })
  })
  return { place, table }
}

describe("the wait for a leader of KCL", () => {
  it.effect("it is told what is waited for, for how long, how to skip it, and every 30 seconds how long is left", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      const { place, table } = makePlace(leader("v0"))
      const opening = yield* Effect.fork(Effect.provide(LiveKcl.refuse("billing", [place]), log))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lines.map((line) => line.slice(0, 7)), ["0 WARN "])
      for (const part of ["table leases names host-1", "on billing", "up to 2m ", "withLiveKcl: \"allow\""]) {
        assert.include(lines[0], part)
      }
      yield* TestClock.adjust("118 seconds")
      assert.deepStrictEqual(lines.slice(1), [
        "30 INFO Still waiting to see whether host-1 is at work on billing: 1m 30s left.",
        "60 INFO Still waiting to see whether host-1 is at work on billing: 1m left.",
        "90 INFO Still waiting to see whether host-1 is at work on billing: 30s left."
      ])
      assert.isNull(yield* Fiber.poll(opening).pipe(Effect.map((exit) => exit._tag === "None" ? null : exit)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(opening)
      assert.strictEqual(yield* Clock.currentTimeMillis, 120_000)
      assert.deepStrictEqual(table.row!["isReleased"], { S: "1" })
      assert.strictEqual(lines.length, 4)
    }))

  it.effect("nothing is told of a wait that is over", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      const { place, table } = makePlace(leader("v0"))
      const opening = yield* Effect.fork(Effect.flip(Effect.provide(LiveKcl.refuse("billing", [place]), log)))
      yield* TestClock.adjust("29 seconds")
      table.row = leader("v1")
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(opening), { _tag: "LeaseStoreError", reason: "InUse" })
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(lines.length, 1)
    }))

  it.effect("nothing is told where nothing is waited for", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      const places = [makePlace(undefined).place, makePlace(leader("v0", { isReleased: { S: "1" } })).place]
      yield* Effect.provide(LiveKcl.refuse("billing", places), log)
      assert.deepStrictEqual(lines, [])
    }))
})

describe("a KCL 3 that comes while our workers are alive", () => {
  const dynalite = useDynalite()

  const open = (application: string, options: DynamoDbLeaseStore.Options = {}) =>
    Effect.flatMap(
      DynamoDbLeaseStore.make({ ...reach(dynalite.url), ...options }),
      (store) => store.open(application)
    )

  const put = (application: string, ...rows: ReadonlyArray<Row>) =>
    Effect.promise(async () => {
      for (const row of rows) await dynalite.raw.put(application, row)
    })

  /** What KCL 3.5 keeps beside the leases and its leader. */
  const others: ReadonlyArray<Row> = [
    {
      leaseKey: { S: "host-1" },
      entityType: { S: "WORKER_METRIC_STATS" },
      wid: { S: "host-1" },
      lut: { N: "1795625760" }
    },
    { leaseKey: { S: "Migration3.0" }, entityType: { S: "CLIENT_VERSION_MIGRATION" }, cv: { S: "CLIENT_VERSION_3X" } }
  ]

  it.scopedLive("one warning names the leader whose row changes, says that it gets no shard, and what to do", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      const leases = yield* open("joined", { pageSize: 1 })
      const list = Effect.provide(leases.list, log)
      yield* leases.create(fresh())
      yield* list
      yield* put("joined", leader("v0"), ...others)
      yield* list
      yield* list
      assert.deepStrictEqual(lines, [])
      yield* put("joined", leader("v1"))
      assert.deepStrictEqual((yield* list).map(({ leaseKey }) => leaseKey), [shard])
      assert.strictEqual(lines.length, 1)
      for (
        const part of [
          " WARN host-1 leads",
          "on joined",
          "table joined",
          "get no shard",
          "Stop one",
          "https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/leases-table.md"
        ]
      ) assert.include(lines[0], part)
      for (const version of ["v2", "v3"]) {
        yield* put("joined", leader(version))
        yield* list
      }
      assert.strictEqual(lines.length, 1)
      yield* put("joined", leader("v4", { ownerName: { S: "host-2" } }))
      yield* list
      yield* put("joined", leader("v5"))
      yield* list
      assert.strictEqual(lines.length, 2)
      assert.include(lines[1], "host-2 leads")
    }))

  it.scopedLive("a leader that had stopped before, and is back, is told of; one that stands still or stops is not", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      yield* Effect.promise(() => dynalite.raw.create("returned"))
      yield* put("returned", leader("v0", { isReleased: { S: "1" } }))
      const leases = yield* open("returned")
      const list = Effect.provide(leases.list, log)
      yield* list
      yield* list
      yield* put("returned", leader("v1", { isReleased: { S: "1" } }))
      yield* list
      assert.deepStrictEqual(lines, [])
      yield* put("returned", leader("v2"))
      yield* list
      assert.strictEqual(lines.length, 1)
      yield* Effect.promise(() => dynalite.raw.delete("returned", "Leader"))
      yield* list
      const other = { ownerName: { S: "host-2" } }
      yield* put("returned", leader("v3", other))
      yield* list
      yield* list
      assert.strictEqual(lines.length, 1)
      yield* put("returned", leader("v4", other))
      yield* list
      assert.strictEqual(lines.length, 2)
    }))

  it.scopedLive("with withLiveKcl \"allow\" nothing is told", () =>
    Effect.gen(function*() {
      const { lines, log } = makeLog()
      const leases = yield* open("beside", { withLiveKcl: "allow" })
      for (const version of ["v0", "v1", "v2"]) {
        yield* put("beside", leader(version))
        yield* Effect.provide(leases.list, log)
      }
      assert.deepStrictEqual(lines, [])
    }))
})
