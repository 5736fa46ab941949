import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Config, ConfigProvider, Duration, Effect, Exit, Fiber, Layer, Logger } from "effect"
import { LeaseStore } from "effect-kinesis"
import type { Row } from "../src/internal/leaseRow.js"
import { useDynalite } from "./support/dynalite.js"
import { makeHandler } from "./support/handler.js"
import { coordinatorState, fresh, reach, shard, withoutIndex } from "./support/table.js"

const dynalite = useDynalite()

let tables = 0
const newName = () => `opening-${tables++}`

const open = (application: string, options: DynamoDbLeaseStore.Options = {}) =>
  Effect.flatMap(
    DynamoDbLeaseStore.make({ ...reach(dynalite.url), ...options }),
    (store) => store.open(application)
  )

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

/** The leader's row as KCL's lock client writes it, but for the time. */
const leader = (version: string, more: Row = {}): Row => ({
  ownerName: { S: "host-1" },
  leaseDuration: { S: "200" },
  recordVersionNumber: { S: version },
  ...more
})

const inLeaseTable: Row = { leaseKey: { S: "Leader" }, entityType: { S: "LEADER" } }
const inCoordinatorState: Row = { key: { S: "Leader" } }

/** A stopped application's tables, with a leader's row in the place of that KCL. */
const prepare = (application: string, kcl: "3.4" | "3.5", row: Row) =>
  Effect.promise(async () => {
    const { create, put } = dynalite.raw
    await create(application)
    await put(application, { leaseKey: { S: shard }, leaseCounter: { N: "5" }, checkpoint: { S: "LATEST" } })
    if (kcl === "3.5") return void await put(application, { ...inLeaseTable, ...row })
    await create(`${application}-CoordinatorState`, coordinatorState)
    await put(`${application}-CoordinatorState`, { ...inCoordinatorState, ...row })
  })

const leaderRow = (application: string, kcl: "3.4" | "3.5") =>
  Effect.promise(async () =>
    (kcl === "3.5"
      ? await dynalite.raw.get(application, "Leader")
      : await dynalite.raw.get(`${application}-CoordinatorState`, "Leader", "key"))!
  )

const beat = (application: string, kcl: "3.4" | "3.5", version: string) =>
  Effect.promise(() =>
    kcl === "3.5"
      ? dynalite.raw.put(application, { ...inLeaseTable, ...leader(version) })
      : dynalite.raw.put(`${application}-CoordinatorState`, { ...inCoordinatorState, ...leader(version) })
  )

describe("opening the table", () => {
  it.scopedLive("a missing table is made, on demand and with its index", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const name = newName()
      yield* open(name, { requestHandler: handler.requestHandler })
      const made = handler.calls.find(({ operation }) => operation === "CreateTable")!.body
      assert.deepStrictEqual(made, {
        TableName: name,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "leaseKey", AttributeType: "S" },
          { AttributeName: "leaseOwner", AttributeType: "S" }
        ],
        KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }],
        GlobalSecondaryIndexes: [{
          IndexName: "LeaseOwnerToLeaseKeyIndex",
          KeySchema: [
            { AttributeName: "leaseOwner", KeyType: "HASH" },
            { AttributeName: "leaseKey", KeyType: "RANGE" }
          ],
          Projection: { ProjectionType: "KEYS_ONLY" }
        }]
      })
      handler.calls.length = 0
      const leases = yield* open(name, { requestHandler: handler.requestHandler })
      assert.notInclude(handler.operations(), "CreateTable")
      yield* leases.owned("ann")
      assert.include(handler.operations(), "Query")
      assert.notInclude(handler.operations(), "Scan")
    }))

  it.scopedLive("ten workers that open the same new table have one table", () =>
    Effect.gen(function*() {
      const name = newName()
      const all = yield* Effect.forEach(Array.from({ length: 10 }), () => open(name), { concurrency: "unbounded" })
      const created = yield* Effect.forEach(all, (leases) => leases.create(fresh()), { concurrency: "unbounded" })
      assert.strictEqual(created.filter(Boolean).length, 1)
      assert.strictEqual((yield* all[9]!.list).length, 1)
    }))

  it.scopedLive("a table that is being made or deleted is waited for", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const name = newName()
      yield* open(name)
      for (const TableStatus of ["CREATING", "DELETING", "CREATING"]) {
        handler.next("DescribeTable", { _tag: "Answer", body: { Table: { TableStatus } } })
      }
      handler.next("DescribeTable", { _tag: "Refuse", name: "ResourceNotFoundException" })
      yield* open(name, { requestHandler: handler.requestHandler })
      assert.deepStrictEqual(handler.operations(), [
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "CreateTable",
        "DescribeTable"
      ])
    }))

  it.scopedLive("with createTable false a missing table is an error that says what to do, and none is made", () =>
    Effect.gen(function*() {
      const name = newName()
      const error = yield* Effect.flip(open(name, { createTable: false }))
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "NotFound" })
      const guide = "https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/leases-table.md"
      assert.include(error.message, `there is no table ${name}, and createTable is false: make it as ${guide} says`)
      assert.isFalse(yield* Effect.promise(() => dynalite.raw.exists(name)))
      yield* Effect.promise(() => dynalite.raw.create(name))
      yield* open(name, { createTable: false })
    }))

  it.scopedLive("a table with another key is refused by its name", () =>
    Effect.gen(function*() {
      const [other, ranged, numbered] = [newName(), newName(), newName()]
      yield* Effect.promise(async () => {
        await dynalite.raw.create(other, coordinatorState)
        await dynalite.raw.create(ranged, {
          ...withoutIndex,
          AttributeDefinitions: [
            { AttributeName: "leaseKey", AttributeType: "S" },
            { AttributeName: "n", AttributeType: "N" }
          ],
          KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }, { AttributeName: "n", KeyType: "RANGE" }]
        })
        await dynalite.raw.create(numbered, {
          ...withoutIndex,
          AttributeDefinitions: [{ AttributeName: "leaseKey", AttributeType: "N" }]
        })
      })
      for (
        const [name, is] of [
          [other, "key (HASH, S)"],
          [ranged, "leaseKey (HASH, S) and n (RANGE, N)"],
          [numbered, "leaseKey (HASH, N)"]
        ] as const
      ) {
        const error = yield* Effect.flip(open(name))
        assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Invalid" })
        assert.include(error.message, `that of ${name} is ${is}`)
      }
    }))

  it.scopedLive("an index that is being filled is not asked", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const name = newName()
      yield* open(name)
      handler.next("DescribeTable", {
        _tag: "Answer",
        body: {
          Table: {
            TableStatus: "UPDATING",
            AttributeDefinitions: [{ AttributeName: "leaseKey", AttributeType: "S" }],
            KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }],
            GlobalSecondaryIndexes: [{
              IndexName: "LeaseOwnerToLeaseKeyIndex",
              IndexStatus: "CREATING",
              Backfilling: true
            }]
          }
        }
      })
      const leases = yield* Effect.provide(open(name, { requestHandler: handler.requestHandler }), quiet)
      yield* leases.owned("ann")
      assert.strictEqual(handler.operations().at(-1), "Scan")
    }))

  it.scopedLive("an index that is added later is used, once a minute has passed", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const name = newName()
      yield* Effect.promise(() => dynalite.raw.create(name, withoutIndex))
      const leases = yield* Effect.provide(open(name, { requestHandler: handler.requestHandler }), quiet)
      handler.calls.length = 0
      const later = (minutes: number): Clock.Clock => {
        const clock = Clock.make()
        return Object.assign(Object.create(clock), {
          currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + minutes * 60_001)
        })
      }
      yield* leases.owned("ann")
      yield* Effect.withClock(leases.owned("ann"), later(1))
      yield* Effect.withClock(leases.owned("ann"), later(1))
      assert.deepStrictEqual(handler.operations(), ["Scan", "DescribeTable", "Scan", "Scan"])
      handler.calls.length = 0
      handler.next("DescribeTable", { _tag: "Refuse", name: "ThrottlingException" })
      yield* Effect.withClock(leases.owned("ann"), later(2.5))
      assert.deepStrictEqual(handler.operations(), ["DescribeTable", "Scan"])
      handler.calls.length = 0
      handler.next("DescribeTable", {
        _tag: "Answer",
        body: {
          Table: { GlobalSecondaryIndexes: [{ IndexName: "LeaseOwnerToLeaseKeyIndex", IndexStatus: "ACTIVE" }] }
        }
      })
      for (const _ of [1, 2]) {
        handler.next("Query", { _tag: "Answer", body: { Items: [] } })
        yield* Effect.withClock(leases.owned("ann"), later(4))
      }
      assert.deepStrictEqual(handler.operations(), ["DescribeTable", "Query", "Query"])
    }))

  it.scopedLive("bad options and names are refused before any request", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const { requestHandler } = handler
      for (
        const [field, options] of [
          ["endpoint", { endpoint: "localhost:8000" }],
          ["requestTimeout", { requestTimeout: 0 }],
          ["requestTimeout", { requestTimeout: -5 }],
          ["requestTimeout", { requestTimeout: "2 minutes" }],
          ["requestTimeout", { requestTimeout: Number.NaN }],
          ["withLiveKcl", { withLiveKcl: "maybe" as never }],
          ["pageSize", { pageSize: 0 }],
          ["pageSize", { pageSize: 1.5 }],
          ["table", { table: () => "no spaces please" }],
          ["table", { table: () => undefined as never }]
        ] as ReadonlyArray<[string, DynamoDbLeaseStore.Options]>
      ) {
        const error = yield* Effect.flip(open("application", { requestHandler, ...options }))
        assert.strictEqual(error._tag, field === "table" ? "LeaseStoreError" : "InvalidArgument")
        if (error._tag === "LeaseStoreError") assert.strictEqual(error.reason, "Invalid")
        assert.include(error.message, `invalid ${field}`)
        assert.include(error.message, "must be")
      }
      yield* Effect.flip(open("a", { requestHandler }))
      assert.deepStrictEqual(handler.calls, [])
    }))

  it.scopedLive("options come from the configuration", () =>
    Effect.gen(function*() {
      const name = newName()
      const layer = DynamoDbLeaseStore.layerConfig({
        ...Object.fromEntries(Object.entries(reach(dynalite.url)).map(([key, value]) => [key, Config.succeed(value)])),
        createTable: Config.boolean("LEASES_CREATE"),
        table: Config.map(Config.string("LEASES_TABLE"), (table) => () => table)
      })
      const list = Effect.flatMap(LeaseStore.LeaseStore, (store) => store.open("application"))
      const run = (create: string) =>
        list.pipe(
          Effect.provide(layer),
          Effect.withConfigProvider(
            ConfigProvider.fromMap(new Map([["LEASES_CREATE", create], ["LEASES_TABLE", name]]))
          )
        )
      assert.include((yield* Effect.flip(run("false"))).message, `there is no table ${name}`)
      yield* run("true")
      assert.isTrue(yield* Effect.promise(() => dynalite.raw.exists(name)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Layer.build(layer))))
    }))
})

describe("a Kinesis Client Library that may be at work", () => {
  for (const kcl of ["3.4", "3.5"] as const) {
    it.scopedLive(`a live leader of KCL ${kcl} is refused, and allowed by the option`, () =>
      Effect.gen(function*() {
        const name = newName()
        yield* prepare(name, kcl, leader("v0", { leaseDuration: { S: "800" } }))
        const beats = yield* Effect.fork(
          Effect.forEach(
            Array.from({ length: 100 }),
            (_, index) => Effect.delay(beat(name, kcl, `v${index + 1}`), "60 millis")
          )
        )
        const error = yield* Effect.flip(Effect.provide(open(name), quiet))
        assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "InUse" })
        assert.include(error.message, "host-1 leads workers of the Kinesis Client Library")
        assert.include(error.message, "withLiveKcl")
        const leases = yield* open(name, { withLiveKcl: "allow" })
        assert.strictEqual((yield* leases.list).length, 1)
        yield* Fiber.interrupt(beats)
      }))

    it.scopedLive(`a leader of KCL ${kcl} that stands still is watched once, and given back`, () =>
      Effect.gen(function*() {
        const name = newName()
        yield* prepare(name, kcl, leader("v0"))
        const [first, leases] = yield* Effect.timed(Effect.provide(open(name), quiet))
        assert.isAtLeast(Duration.toMillis(first), 190)
        assert.deepStrictEqual((yield* leases.list).map(({ leaseCounter }) => leaseCounter), [5])
        const row = yield* leaderRow(name, kcl)
        assert.deepStrictEqual(row["isReleased"], { S: "1" })
        assert.deepStrictEqual(row["recordVersionNumber"], { S: "v0" })
        const handler = makeHandler(dynalite.url)
        yield* open(name, { requestHandler: handler.requestHandler })
        assert.deepStrictEqual(handler.operations(), ["DescribeTable", "GetItem", "GetItem"])
      }))

    it.scopedLive(`a leader of KCL ${kcl} that has let go is not watched`, () =>
      Effect.gen(function*() {
        const name = newName()
        yield* prepare(name, kcl, leader("v0", { isReleased: { S: "1" }, leaseDuration: { S: "120000" } }))
        yield* open(name)
        assert.deepStrictEqual((yield* leaderRow(name, kcl))["leaseDuration"], { S: "120000" })
      }))
  }

  it.scopedLive("a leader that lets go while it is watched is not waited for", () =>
    Effect.gen(function*() {
      const name = newName()
      yield* prepare(name, "3.5", leader("v0", { leaseDuration: { S: "20000" } }))
      const handler = makeHandler(dynalite.url)
      yield* Effect.fork(
        Effect.delay(
          Effect.promise(() =>
            dynalite.raw.put(name, { ...inLeaseTable, ...leader("v0", { isReleased: { S: "1" } }) })
          ),
          "100 millis"
        )
      )
      yield* Effect.provide(open(name, { requestHandler: handler.requestHandler }), quiet)
      const looks = handler.operations().filter((operation) => operation === "GetItem").length
      assert.isBelow(looks, 10, "the lease has ten")
    }))

  it.scopedLive("a leader that moves at the last moment, when it is to be given back, is a live one", () =>
    Effect.gen(function*() {
      const name = newName()
      const handler = makeHandler(dynalite.url)
      yield* prepare(name, "3.5", leader("v0"))
      handler.next("UpdateItem", {
        _tag: "Before",
        effect: () => dynalite.raw.put(name, { ...inLeaseTable, ...leader("v1") })
      })
      const error = yield* Effect.flip(Effect.provide(open(name, { requestHandler: handler.requestHandler }), quiet))
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "InUse" })
      assert.notProperty(yield* leaderRow(name, "3.5"), "isReleased")
    }))

  it.scopedLive("without the permission to look, the table is opened with a warning", () =>
    Effect.gen(function*() {
      const name = newName()
      yield* prepare(name, "3.4", leader("v0"))
      const handler = makeHandler(dynalite.url)
      for (const _ of [1, 2]) handler.next("GetItem", { _tag: "Refuse", name: "AccessDeniedException" })
      const seen: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => void seen.push(`${logLevel.label} ${String(message)}`))
      )
      yield* Effect.provide(open(name, { requestHandler: handler.requestHandler }), logger)
      assert.strictEqual(seen.length, 2)
      assert.include(seen.join(), `WARN Whether a leader of the Kinesis Client Library is at work cannot be seen`)
      assert.include(seen.join(), "dynamodb:GetItem")
      handler.next("UpdateItem", { _tag: "Refuse", name: "AccessDeniedException" })
      yield* Effect.provide(open(name, { requestHandler: handler.requestHandler }), logger)
      assert.include(seen.at(-1), "cannot be marked as given back")
    }))
})
