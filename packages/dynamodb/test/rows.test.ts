import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option } from "effect"
import { LeaseStore, LeaseTransition, Position } from "effect-kinesis"
import type { Row } from "../src/internal/leaseRow.js"
import { useDynalite } from "./support/dynalite.js"
import { makeHandler } from "./support/handler.js"
import { fresh, reach, shard, withoutIndex } from "./support/table.js"

const dynalite = useDynalite()

/** KCL 2's row of a shard that was read for a while. */
const kcl2: Row = {
  leaseKey: { S: shard },
  leaseOwner: { S: "host-1" },
  leaseCounter: { N: "31337" },
  ownerSwitchesSinceCheckpoint: { N: "0" },
  checkpoint: { S: "49590338271490256608559692538361571095921575989136588898" },
  checkpointSubSequenceNumber: { N: "0" }
}

/** KCL 3.5's row of a child in a table of several streams, while it is being handed over. */
const kcl3: Row = {
  leaseKey: { S: "123456789012:orders:1700000000:shardId-000000000003" },
  shardId: { S: "shardId-000000000003" },
  streamName: { S: "123456789012:orders:1700000000" },
  entityType: { S: "LEASE" },
  leaseOwner: { S: "host-2" },
  checkpointOwner: { S: "host-1" },
  leaseCounter: { N: "12" },
  ownerSwitchesSinceCheckpoint: { N: "1" },
  checkpoint: { S: "49590338271490256608559692538361571095921575989136588898" },
  checkpointSubSequenceNumber: { N: "7" },
  parentShardId: { SS: ["shardId-000000000001", "shardId-000000000002"] },
  childShardIds: { SS: ["shardId-000000000008"] },
  startingHashKey: { S: "0" },
  endingHashKey: { S: "340282366920938463463374607431768211455" },
  throughputKBps: { N: "12.5" },
  pendingCheckpoint: { S: "49590338271490256608559692538361571095921575989136588899" },
  pendingCheckpointSubSequenceNumber: { N: "0" },
  pendingCheckpointState: { B: new Uint8Array([1, 2, 3]) }
}

/** What KCL 3.5 keeps beside the leases, and what nobody can read as one. */
const others: ReadonlyArray<Row> = [
  {
    leaseKey: { S: "Migration3.0" },
    entityType: { S: "CLIENT_VERSION_MIGRATION" },
    cv: { S: "CLIENT_VERSION_3X" },
    mts: { N: "1700000000" }
  },
  { leaseKey: { S: "TableMigration3.5" }, entityType: { S: "TABLE_MIGRATION" }, tm: { S: "COMPLETE" } },
  { leaseKey: { S: "123456789012:orders:1700000000" }, entityType: { S: "STREAM" }, streamId: { S: "x" } },
  {
    leaseKey: { S: "host-1" },
    entityType: { S: "WORKER_METRIC_STATS" },
    lut: { N: "1700000000" },
    sts: { M: { C: { L: [{ N: "12.5" }, { N: "-1" }] } } }
  },
  {
    leaseKey: { S: "future" },
    entityType: { S: "SOMETHING_NEW" },
    leaseCounter: { N: "1" },
    checkpoint: { S: "LATEST" }
  }
]

let tables = 0

/** A new table with these rows, opened. */
const opened = (rows: ReadonlyArray<Row>, options: DynamoDbLeaseStore.Options = {}, definition?: typeof withoutIndex) =>
  Effect.gen(function*() {
    const table = `rows-${tables++}`
    yield* Effect.promise(async () => {
      await dynalite.raw.create(table, definition)
      for (const row of rows) await dynalite.raw.put(table, row)
    })
    const store = yield* DynamoDbLeaseStore.make({ ...reach(dynalite.url), ...options })
    const leases = yield* store.open(table)
    const row = (leaseKey: string) => Effect.promise(async () => (await dynalite.raw.get(table, leaseKey))!)
    const all = yield* leases.list
    return { table, leases, row, only: all[0]!, all }
  })

const claimed = (leases: LeaseStore.Leases, lease: LeaseStore.Lease, worker: string) =>
  Effect.map(leases.claim(lease, worker), Option.getOrThrow)

/** The warnings that an effect logs. */
const warnings = () => {
  const seen: Array<string> = []
  const layer = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (logLevel._tag === "Warning") seen.push(String(message))
    })
  )
  return { seen, layer }
}

describe("the rows of the table", () => {
  it.scopedLive("a new lease is written as KCL writes it", () =>
    Effect.gen(function*() {
      const { leases, row } = yield* opened([])
      yield* leases.create(fresh())
      assert.deepStrictEqual(yield* row(shard), {
        leaseKey: { S: shard },
        entityType: { S: "LEASE" },
        leaseCounter: { N: "0" },
        ownerSwitchesSinceCheckpoint: { N: "0" },
        checkpoint: { S: "TRIM_HORIZON" },
        checkpointSubSequenceNumber: { N: "0" }
      })
      const leaseKey = "123456789012:orders:1700000000:shardId-000000000007"
      yield* leases.create(fresh({
        leaseKey,
        shardId: "shardId-000000000007",
        streamIdentifier: "123456789012:orders:1700000000",
        checkpoint: Position.latest,
        parentShardIds: ["shardId-000000000001", "shardId-000000000002"],
        hashKeyRange: { startingHashKey: "0", endingHashKey: "9" }
      }))
      assert.deepStrictEqual(yield* row(leaseKey), {
        leaseKey: { S: leaseKey },
        shardId: { S: "shardId-000000000007" },
        streamName: { S: "123456789012:orders:1700000000" },
        entityType: { S: "LEASE" },
        leaseCounter: { N: "0" },
        ownerSwitchesSinceCheckpoint: { N: "0" },
        checkpoint: { S: "LATEST" },
        checkpointSubSequenceNumber: { N: "0" },
        parentShardId: { SS: ["shardId-000000000001", "shardId-000000000002"] },
        startingHashKey: { S: "0" },
        endingHashKey: { S: "9" }
      })
    }))

  it.scopedLive("rows of KCL 2 and KCL 3 are read, other entities are left out", () =>
    Effect.gen(function*() {
      const { seen, layer } = warnings()
      const { all } = yield* Effect.provide(opened([kcl2, kcl3, ...others]), layer)
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual([...all].sort((a, b) => a.leaseCounter - b.leaseCounter), [
        {
          leaseKey: "123456789012:orders:1700000000:shardId-000000000003",
          shardId: "shardId-000000000003",
          streamIdentifier: "123456789012:orders:1700000000",
          leaseOwner: "host-2",
          leaseCounter: 12,
          checkpoint: Position.after({
            sequenceNumber: "49590338271490256608559692538361571095921575989136588898",
            subSequenceNumber: 7
          }),
          ownerSwitchesSinceCheckpoint: 1,
          checkpointOwner: "host-1",
          parentShardIds: ["shardId-000000000001", "shardId-000000000002"],
          childShardIds: ["shardId-000000000008"],
          hashKeyRange: { startingHashKey: "0", endingHashKey: "340282366920938463463374607431768211455" },
          throughputKBps: 12.5
        },
        {
          leaseKey: shard,
          shardId: shard,
          streamIdentifier: undefined,
          leaseOwner: "host-1",
          leaseCounter: 31337,
          checkpoint: Position.after({
            sequenceNumber: "49590338271490256608559692538361571095921575989136588898",
            subSequenceNumber: 0
          }),
          ownerSwitchesSinceCheckpoint: 0,
          checkpointOwner: undefined,
          parentShardIds: [],
          childShardIds: [],
          hashKeyRange: undefined,
          throughputKBps: undefined
        }
      ])
    }))

  it.scopedLive("NULL, an empty string and another type say what a missing attribute says, to reading and to every condition", () =>
    Effect.gen(function*() {
      const odd: ReadonlyArray<AttributeValue> = [
        { NULL: true },
        { S: "" },
        { N: "5" },
        { L: [] },
        { M: {} },
        { BOOL: false },
        { SS: ["ann"] }
      ]
      const attributes = [
        "leaseOwner",
        "checkpointOwner",
        "ownerSwitchesSinceCheckpoint",
        "checkpointSubSequenceNumber",
        "parentShardId",
        "childShardIds",
        "startingHashKey",
        "endingHashKey",
        "throughputKBps",
        "startTimestamp",
        "startStandsFor",
        "streamName",
        "shardId"
      ]
      const bare: Row = { leaseKey: { S: shard }, leaseCounter: { N: "7" }, checkpoint: { S: "5" } }
      for (const value of odd) {
        const isNumber = value.N !== undefined
        const isSet = value.SS !== undefined
        const all = Object.fromEntries(
          attributes
            .filter((name) => !(isNumber && /Switches|Number$|KBps|Timestamp$/.test(name)))
            .filter((name) => !(isSet && /ShardId/.test(name)))
            .map((name) => [name, value])
        )
        const { layer } = warnings()
        const nothing = yield* Effect.provide(opened([bare], {}, withoutIndex), layer)
        const { leases, only, row } = yield* Effect.provide(opened([{ ...bare, ...all }], {}, withoutIndex), layer)
        assert.deepStrictEqual(only, nothing.only)
        let lease = yield* claimed(leases, only, "ann")
        lease = yield* leases.renew(lease)
        lease = yield* leases.checkpoint(lease, Position.after({ sequenceNumber: "6", subSequenceNumber: 2 }))
        assert.isTrue(Option.isSome(yield* leases.requestHandoff(lease, "bob")))
        yield* leases.release(lease, undefined)
        lease = yield* claimed(leases, (yield* leases.owned("bob"))[0]!, "bob")
        lease = yield* leases.finish(lease, ["shardId-000000000001"])
        assert.deepInclude(yield* row(shard), {
          leaseOwner: { S: "bob" },
          leaseCounter: { N: "13" },
          checkpoint: { S: "SHARD_END" },
          childShardIds: { SS: ["shardId-000000000001"] }
        })
        assert.isTrue(yield* leases.remove(lease))
      }
    }))

  it.scopedLive("an owner that was missing when the row was read and is there when it is written is found", () =>
    Effect.gen(function*() {
      const { leases, only, row, table } = yield* opened([kcl2])
      yield* Effect.promise(() => dynalite.raw.put(table, { ...kcl2, checkpointOwner: { S: "host-9" } }))
      const before = yield* row(shard)
      assert.isTrue(Option.isNone(yield* leases.requestHandoff(only, "ann")))
      assert.deepStrictEqual(yield* row(shard), before)
    }))

  it.scopedLive("of two claims of a row whose owner is NULL one succeeds, and who has it keeps it", () =>
    Effect.gen(function*() {
      const { layer } = warnings()
      const { leases, only } = yield* Effect.provide(
        opened([{ ...kcl2, leaseOwner: { NULL: true }, checkpointOwner: { NULL: true } }], {}, withoutIndex),
        layer
      )
      const claims = yield* Effect.forEach(["ann", "bob"], (worker) => leases.claim(only, worker), {
        concurrency: "unbounded"
      })
      assert.strictEqual(claims.filter(Option.isSome).length, 1)
      assert.isTrue(Option.isNone(yield* leases.claim(only, "cid")))
    }))

  it.scopedLive("an entityType that says nothing is a lease's; lists of strings are sets, as scripts write them", () =>
    Effect.gen(function*() {
      const { all } = yield* opened([
        { ...kcl2, entityType: { NULL: true } },
        {
          ...kcl2,
          leaseKey: { S: "listed" },
          entityType: { S: "" },
          parentShardId: { L: [{ S: "shardId-000000000001" }, { NULL: true }, { S: "" }] },
          childShardIds: { S: "shardId-000000000008" }
        }
      ])
      assert.deepStrictEqual(all.map(({ leaseKey }) => leaseKey).sort(), ["listed", shard].sort())
      const listed = all.find(({ leaseKey }) => leaseKey === "listed")!
      assert.deepStrictEqual(listed.parentShardIds, ["shardId-000000000001"])
      assert.deepStrictEqual(listed.childShardIds, ["shardId-000000000008"])
    }))

  it.scopedLive("a row that cannot be read is left out, with one warning, and cannot be written to", () =>
    Effect.gen(function*() {
      const { seen, layer } = warnings()
      const bad: ReadonlyArray<Row> = [
        { leaseKey: { S: "no counter" }, checkpoint: { S: "LATEST" } },
        { leaseKey: { S: "no checkpoint" }, leaseCounter: { N: "1" } },
        { leaseKey: { S: "odd" }, leaseCounter: { N: "1" }, checkpoint: { S: "12x" }, leaseOwner: { S: "ann" } },
        { leaseKey: { S: "null" }, leaseCounter: { NULL: true }, checkpoint: { S: "1" } },
        { leaseKey: { S: "null checkpoint" }, leaseCounter: { N: "1" }, checkpoint: { NULL: true } },
        { leaseKey: { S: "a number" }, leaseCounter: { N: "1" }, checkpoint: { N: "12" } },
        { leaseKey: { S: "a text" }, leaseCounter: { S: "1" }, checkpoint: { S: "12" } },
        { leaseKey: { S: "half" }, leaseCounter: { N: "1.5" }, checkpoint: { S: "12" } },
        { leaseKey: { S: "huge" }, leaseCounter: { N: "9007199254740993" }, checkpoint: { S: "12" } }
      ]
      const { all, leases, row, table } = yield* Effect.provide(opened([kcl2, ...bad]), layer)
      assert.deepStrictEqual(all.map(({ leaseKey }) => leaseKey), [shard])
      yield* Effect.provide(Effect.zipRight(leases.list, leases.owned("ann")), layer)
      assert.deepStrictEqual(
        seen.sort(),
        [
          ["a number", "its checkpoint is {\"N\":\"12\"}"],
          ["a text", "its leaseCounter is {\"S\":\"1\"}"],
          ["half", "its leaseCounter is {\"N\":\"1.5\"}"],
          ["huge", "its leaseCounter is {\"N\":\"9007199254740993\"}"],
          ["no checkpoint", "it has no checkpoint"],
          ["no counter", "it has no leaseCounter"],
          ["null checkpoint", "it has no checkpoint"],
          ["null", "it has no leaseCounter"],
          ["odd", "its checkpoint is {\"S\":\"12x\"}"]
        ].map(([leaseKey, since]) =>
          `The row ${leaseKey} of the table ${table} is left out, since ${since}. It is not reported again.`
        )
      )
      const before = yield* row("odd")
      const lost = yield* Effect.flip(leases.renew({ ...all[0]!, leaseKey: "odd", leaseOwner: "ann" }))
      assert.strictEqual(lost._tag, "LeaseLost")
      assert.isFalse(yield* leases.create(fresh({ leaseKey: "odd" })))
      assert.deepStrictEqual(yield* row("odd"), before)
    }))

  it.scopedLive("B42 the checkpoint of KCL's that is resumed from only moves forward, as a number", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([{ ...kcl2, checkpoint: { S: "9" } }])
      let lease = yield* claimed(leases, only, "ann")
      for (const [written, stored] of [["10", "10"], ["9", "10"], ["100", "100"], ["20", "100"]] as const) {
        lease = yield* leases.checkpoint(lease, Position.afterSequenceNumber(written))
        assert.strictEqual((yield* row(shard))["checkpoint"]?.S, stored)
      }
    }))

  it.scopedLive("a checkpoint clears KCL's pending one; a claim, a renewal and a release keep it", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([kcl3])
      const pending = (written: Row) => Object.keys(written).filter((name) => name.startsWith("pending")).length
      let lease = yield* claimed(leases, only, "ann")
      lease = yield* leases.renew(lease)
      yield* leases.release(lease, "ann-2")
      assert.strictEqual(pending(yield* row(only.leaseKey)), 3)
      lease = (yield* leases.owned("ann-2"))[0]!
      lease = yield* claimed(leases, lease, "ann-2")
      yield* leases.checkpoint(
        lease,
        Position.afterSequenceNumber("49590338271490256608559692538361571095921575989136588900")
      )
      const written = yield* row(only.leaseKey)
      assert.strictEqual(pending(written), 0)
      assert.deepStrictEqual(written["checkpointSubSequenceNumber"], { N: "0" })
    }))

  it.scopedLive("unknown attributes are kept over every write", () =>
    Effect.gen(function*() {
      const unknown: Row = {
        color: { S: "green" },
        bytes: { B: new Uint8Array([7]) },
        nested: { M: { a: { L: [{ N: "1" }, { NULL: true }] } } }
      }
      const { leases, only, row } = yield* opened([{ ...kcl2, ...unknown }])
      const kept = Effect.map(
        row(shard),
        (written) => assert.deepStrictEqual({ ...written, ...unknown }, written)
      )
      let lease = yield* claimed(leases, only, "ann")
      yield* kept
      lease = yield* leases.renew({ ...lease, throughputKBps: 3.25 })
      yield* kept
      assert.deepStrictEqual((yield* row(shard))["throughputKBps"], { N: "3.25" })
      yield* leases.annotate(shard, { hashKeyRange: { startingHashKey: "0", endingHashKey: "9" } })
      yield* kept
      yield* leases.requestHandoff(lease, "bob")
      lease = yield* leases.checkpoint(
        lease,
        Position.afterSequenceNumber("5959033827149025660855969253836157109592157598913658")
      )
      yield* kept
      yield* leases.release(lease, undefined)
      yield* kept
      lease = yield* claimed(leases, (yield* leases.list)[0]!, "cid")
      lease = yield* leases.finish(lease, ["shardId-000000000001"])
      yield* kept
      assert.isTrue(yield* leases.remove(lease))
      assert.isUndefined(yield* row(shard))
    }))

  it.scopedLive("an owner that lets go is no longer in the row; the counter counts on from KCL's", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([kcl2])
      yield* leases.release(yield* claimed(leases, only, "ann"), undefined)
      const written = yield* row(shard)
      assert.notProperty(written, "leaseOwner")
      assert.notProperty(written, "checkpointOwner")
      assert.deepStrictEqual(written["leaseCounter"], { N: "31339" })
      assert.deepStrictEqual(written["ownerSwitchesSinceCheckpoint"], { N: "1" })
    }))

  it.scopedLive("a lease of KCL's that begins anew keeps nothing that was known of its shard, and what is not known here", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([{ ...kcl3, color: { S: "green" } }])
      const { leaseKey, leaseCounter, shardId, streamIdentifier } = only
      const range = { startingHashKey: "3", endingHashKey: "8" }
      const anew = fresh({ leaseKey, shardId, streamIdentifier, hashKeyRange: range })
      assert.isTrue(Option.isSome(yield* leases.reset(only, anew)))
      const written = yield* row(leaseKey)
      assert.deepStrictEqual(written, {
        leaseKey: { S: leaseKey },
        entityType: { S: "LEASE" },
        shardId: { S: shardId },
        ...(streamIdentifier === undefined ? {} : { streamName: { S: streamIdentifier } }),
        leaseCounter: { N: String(leaseCounter + 1) },
        ownerSwitchesSinceCheckpoint: { N: "0" },
        checkpoint: { S: "TRIM_HORIZON" },
        checkpointSubSequenceNumber: { N: "0" },
        startingHashKey: { S: "3" },
        endingHashKey: { S: "8" },
        color: { S: "green" }
      })
    }))

  it.scopedLive("AT_TIMESTAMP: ours says from when, KCL's says where the application wants to begin", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([{ ...kcl2, checkpoint: { S: "AT_TIMESTAMP" } }])
      assert.isUndefined(only.checkpoint)
      let lease = yield* claimed(leases, only, "ann")
      lease = yield* leases.checkpoint(lease, Position.atTimestamp(1_700_000_000_123))
      assert.deepStrictEqual(lease.checkpoint, Position.atTimestamp(1_700_000_000_123))
      const written = yield* row(shard)
      assert.deepStrictEqual(written["checkpoint"], { S: "AT_TIMESTAMP" })
      assert.deepStrictEqual(written["startTimestamp"], { N: "1700000000123" })
      lease = yield* leases.checkpoint(lease, Position.afterSequenceNumber("7"))
      assert.notProperty(yield* row(shard), "startTimestamp")
      yield* leases.create(fresh({ leaseKey: "undecided", checkpoint: undefined }))
      assert.deepStrictEqual((yield* row("undecided"))["checkpoint"], { S: "AT_TIMESTAMP" })
      assert.notProperty(yield* row("undecided"), "startTimestamp")
    }))

  for (const [standsFor, word] of [["Latest", "LATEST"], ["TrimHorizon", "TRIM_HORIZON"]] as const) {
    it.scopedLive(`an instant that stands for ${word} is that word to KCL, and an instant to us`, () =>
      Effect.gen(function*() {
        const { leases, row } = yield* opened([])
        const start = { _tag: "AtTimestamp", timestamp: 1_700_000_000_123, standsFor } as const
        yield* leases.create(fresh({ checkpoint: start }))
        const { checkpoint, startStandsFor, startTimestamp } = yield* row(shard)
        assert.deepStrictEqual(
          [checkpoint, startTimestamp, startStandsFor],
          [{ S: word }, { N: "1700000000123" }, { S: word }]
        )
        const [only] = yield* leases.list
        assert.deepStrictEqual(only!.checkpoint, start)
        let lease = yield* claimed(leases, only!, "ann")
        lease = yield* leases.checkpoint(lease, { ...start, timestamp: 1_700_000_000_456 })
        assert.deepStrictEqual((yield* row(shard))["startTimestamp"], { N: "1700000000456" })
        yield* leases.checkpoint(lease, Position.afterSequenceNumber("7"))
        const moved = yield* row(shard)
        for (const ours of ["startTimestamp", "startStandsFor"]) assert.notProperty(moved, ours)
      }))
  }

  it.scopedLive("a word that another wrote is that word, whatever is left of an earlier start", () =>
    Effect.gen(function*() {
      const left = { startTimestamp: { N: "1700000000123" }, startStandsFor: { S: "LATEST" } }
      const words: ReadonlyArray<readonly [Row, Position.Position]> = [
        [{ ...kcl2, checkpoint: { S: "LATEST" } }, Position.latest],
        [{ ...kcl2, checkpoint: { S: "LATEST" }, startTimestamp: left.startTimestamp }, Position.latest],
        [{ ...kcl2, checkpoint: { S: "TRIM_HORIZON" }, startTimestamp: left.startTimestamp }, Position.trimHorizon],
        [{ ...kcl2, ...left, checkpoint: { S: "TRIM_HORIZON" } }, Position.trimHorizon],
        [{ ...kcl2, ...left, checkpoint: { S: "9" } }, Position.after({ sequenceNumber: "9", subSequenceNumber: 0 })],
        [{ ...kcl2, ...left, checkpoint: { S: "AT_TIMESTAMP" } }, Position.atTimestamp(1_700_000_000_123)]
      ]
      for (const [row, checkpoint] of words) {
        assert.deepStrictEqual((yield* opened([row])).only.checkpoint, checkpoint)
      }
    }))

  it.scopedLive("B44 a shard's end is SHARD_END with the children, and nothing moves it", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([kcl2])
      let lease = yield* claimed(leases, only, "ann")
      lease = yield* leases.finish(lease, ["shardId-000000000001", "shardId-000000000002"])
      lease = yield* leases.checkpoint(lease, Position.afterSequenceNumber("9".repeat(56)))
      lease = yield* leases.checkpoint(lease, Position.trimHorizon)
      const written = yield* row(shard)
      assert.deepStrictEqual(written["checkpoint"], { S: "SHARD_END" })
      assert.deepStrictEqual(written["checkpointSubSequenceNumber"], { N: "0" })
      assert.deepStrictEqual(written["childShardIds"], { SS: ["shardId-000000000001", "shardId-000000000002"] })
    }))

  it.scopedLive("what is known of the children is not undone by an owner that has not heard of it", () =>
    Effect.gen(function*() {
      const { leases, only } = yield* opened([kcl2])
      const lease = yield* claimed(leases, only, "ann")
      yield* leases.annotate(shard, { childShardIds: ["shardId-000000000009"] })
      const ended = yield* leases.finish(lease, [])
      assert.deepStrictEqual(ended.childShardIds, ["shardId-000000000009"])
      yield* leases.annotate(shard, { childShardIds: [] })
      yield* leases.annotate(shard, {})
      assert.deepStrictEqual((yield* leases.list)[0]!.childShardIds, [])
    }))

  it.scopedLive("a hand-off of KCL's: its owner goes on, the other waits", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([kcl3])
      assert.strictEqual(LeaseTransition.holder(only), "host-1")
      const theirs = { ...only, leaseOwner: "host-1", checkpointOwner: undefined }
      const renewed = yield* leases.renew(theirs)
      assert.strictEqual(renewed.leaseOwner, "host-2")
      yield* leases.release(renewed, undefined)
      const written = yield* row(only.leaseKey)
      assert.deepStrictEqual(written["leaseOwner"], { S: "host-2" })
      assert.notProperty(written, "checkpointOwner")
      assert.deepStrictEqual(written["ownerSwitchesSinceCheckpoint"], { N: "1" })
    }))

  it.scopedLive("B43 a write with the counter of a former owner changes no row, though the owner has the same name", () =>
    Effect.gen(function*() {
      const { leases, only, row } = yield* opened([{ ...kcl2, leaseOwner: { S: "ann" } }])
      const stale = { ...only, leaseCounter: only.leaseCounter - 2 }
      const before = yield* row(shard)
      for (
        const write of [
          leases.renew(stale),
          leases.checkpoint(stale, Position.afterSequenceNumber("9".repeat(56))),
          leases.finish(stale, []),
          leases.release(stale, undefined)
        ]
      ) {
        const error = yield* Effect.flip(write)
        assert.strictEqual(error._tag, "LeaseLost")
        assert.include(error.message, "the lease is ann's, at counter 31337")
      }
      assert.deepStrictEqual(yield* row(shard), before)
    }))

  it.scopedLive("positions that the table cannot hold are refused before any request", () =>
    Effect.gen(function*() {
      const handler = makeHandler(dynalite.url)
      const { leases, only } = yield* opened([kcl2], { requestHandler: handler.requestHandler })
      handler.calls.length = 0
      for (
        const [position, what] of [
          [Position.atSequenceNumber("7"), "after a record"],
          [Position.afterSequenceNumber("x"), "must be a sequence number, was x"]
        ] as const
      ) {
        const error = yield* Effect.flip(leases.checkpoint(only, position))
        assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Invalid" })
        assert.include(error.message, what)
        yield* Effect.flip(leases.create(fresh({ checkpoint: position })))
        yield* Effect.flip(leases.reset(only, fresh({ checkpoint: position })))
      }
      assert.deepStrictEqual(handler.calls, [])
    }))

  it.scopedLive("a stopped KCL 2's table is taken over as it is: no index, no hash ranges", () =>
    Effect.gen(function*() {
      const { layer, seen } = warnings()
      const { leases, only } = yield* Effect.provide(opened([kcl2, ...others], {}, withoutIndex), layer)
      assert.strictEqual(seen.length, 1)
      assert.include(seen[0], "LeaseOwnerToLeaseKeyIndex")
      const lease = yield* claimed(leases, only, "ann")
      assert.deepStrictEqual(yield* leases.owned("ann"), [lease])
      assert.deepStrictEqual(yield* leases.owned("host-1"), [])
      yield* leases.checkpoint(lease, Position.afterSequenceNumber("9".repeat(56)))
    }))

  it.live("the same layer reads through a client of the caller's, which must not retry", () =>
    Effect.gen(function*() {
      const list = Effect.flatMap(LeaseStore.LeaseStore, (store) => store.open("from-sdk")).pipe(
        Effect.flatMap((leases) => leases.list)
      )
      const with1 = DynamoDbLeaseStore.layerFromSdk(dynalite.raw.sdk)
      assert.deepStrictEqual(yield* Effect.provide(list, with1), [])
      const { DynamoDBClient } = yield* Effect.promise(() => import("@aws-sdk/client-dynamodb"))
      const sdk = new DynamoDBClient(reach(dynalite.url))
      const error = yield* Effect.flip(Layer.build(DynamoDbLeaseStore.layerFromSdk(sdk)))
      assert.match(error.message, /must be 1, was [2-9]/)
      sdk.destroy()
    }).pipe(Effect.scoped))

  const absentOnes: ReadonlyArray<readonly [string, Row[string]]> = [
    ["NULL, as Python writes None", { NULL: true }],
    ["a number", { N: "7" }],
    ["a list", { L: [] }]
  ]
  for (const [what, value] of absentOnes) {
    it.scopedLive(`owners that are ${what} are no owners: the lease is claimed, renewed, handed over and finished`, () =>
      Effect.gen(function*() {
        const row = {
          ...kcl2,
          leaseOwner: value,
          checkpointOwner: value,
          entityType: { NULL: true } as const,
          checkpointSubSequenceNumber: { NULL: true } as const,
          ownerSwitchesSinceCheckpoint: { NULL: true } as const,
          parentShardId: { NULL: true } as const,
          startingHashKey: { NULL: true } as const
        }
        const { leases, only: free, row: rowOf } = yield* opened([row], {}, withoutIndex)
        assert.deepInclude(free, { leaseOwner: undefined, checkpointOwner: undefined, parentShardIds: [] })
        const claimed = Option.getOrThrow(yield* leases.claim(free, "ann"))
        const renewed = yield* leases.renew(claimed)
        Option.getOrThrow(yield* leases.requestHandoff(renewed, "bob"))
        const stored = yield* leases.checkpoint(renewed, Position.afterSequenceNumber("1".repeat(56)))
        yield* leases.release(stored, undefined)
        const { checkpointOwner, leaseOwner } = yield* rowOf(shard)
        assert.deepStrictEqual([leaseOwner, checkpointOwner], [{ S: "bob" }, undefined])
      }).pipe(Effect.provide(warnings().layer)))
  }
})
