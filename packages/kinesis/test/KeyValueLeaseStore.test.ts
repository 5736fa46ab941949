import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import * as KeyValueLeaseStore from "../src/KeyValueLeaseStore.js"
import type { Leases, NewLease } from "../src/LeaseStore.js"
import { LeaseStore } from "../src/LeaseStore.js"
import * as LeaseStoreContract from "../src/LeaseStoreContract.js"
import { after, afterSequenceNumber, trimHorizon } from "../src/Position.js"

const shard = "shardId-000000000000"

const fresh = (more: Partial<NewLease> = {}): NewLease => ({
  leaseKey: shard,
  shardId: shard,
  streamIdentifier: undefined,
  checkpoint: trimHorizon,
  parentShardIds: [],
  hashKeyRange: undefined,
  ...more
})

/** A store that outlives the processes that open it, and whose next calls can be made to fail. */
const makeDisk = () => {
  const entries = new Map<string, string>()
  const written: Array<string> = []
  const faults: Array<{ readonly operation: "get" | "set" | "remove"; readonly takesEffect: boolean }> = []
  const failure = (operation: string) =>
    new SystemError({ reason: "Unknown", module: "KeyValueStore", method: operation, description: "disk full" })
  const call = <A>(operation: "get" | "set" | "remove", effect: () => A) =>
    Effect.suspend(() => {
      if (faults[0]?.operation !== operation) return Effect.sync(effect)
      if (faults.shift()!.takesEffect) effect()
      return Effect.fail(failure(operation))
    })
  const store = KeyValueStore.makeStringOnly({
    get: (key) => call("get", () => Option.fromNullable(entries.get(key))),
    set: (key, value) =>
      call("set", () => {
        written.push(key)
        entries.set(key, value)
      }),
    remove: (key) => call("remove", () => void entries.delete(key)),
    clear: Effect.sync(() => entries.clear()),
    size: Effect.sync(() => entries.size)
  })
  const layer = KeyValueLeaseStore.layer.pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store)))
  /** A process: it opens the application anew. */
  const process = <A, E>(use: (leases: Leases) => Effect.Effect<A, E, LeaseStore>, application = "app") =>
    Effect.flatMap(LeaseStore, (service) => Effect.flatMap(service.open(application), use)).pipe(Effect.provide(layer))
  return { entries, written, faults, process }
}

const claimed = (leases: Leases, worker = "ann") =>
  Effect.gen(function*() {
    const [lease] = yield* leases.list
    return Option.getOrThrow(yield* leases.claim(lease!, worker))
  })

describe("the lease store in a key-value store", () => {
  for (const { name, run } of LeaseStoreContract.cases) {
    it.effect(
      name,
      () => Effect.provide(run, Layer.provide(KeyValueLeaseStore.layer, KeyValueStore.layerMemory))
    )
  }

  it.effect("a restart finds every lease where it was, unowned", () =>
    Effect.gen(function*() {
      const { entries, process } = makeDisk()
      const known = fresh({
        leaseKey: "000000000000:orders:1700000000:shardId-000000000007",
        shardId: "shardId-000000000007",
        streamIdentifier: "000000000000:orders:1700000000",
        parentShardIds: ["shardId-000000000001"],
        hashKeyRange: { startingHashKey: "0", endingHashKey: "9" }
      })
      const position = after({ sequenceNumber: "10", subSequenceNumber: 3 })
      yield* process((leases) =>
        Effect.gen(function*() {
          yield* leases.create(known)
          yield* leases.checkpoint(yield* claimed(leases), position)
          yield* leases.annotate(known.leaseKey, { childShardIds: ["shardId-000000000009"] })
          yield* leases.create(fresh({ leaseKey: "gone" }))
          const gone = (yield* leases.list).find(({ leaseKey }) => leaseKey === "gone")!
          assert.isTrue(yield* leases.remove(gone))
        })
      )
      assert.strictEqual(entries.size, 2)
      const found = yield* process((leases) => leases.list)
      assert.deepStrictEqual(found, [{
        ...known,
        checkpoint: position,
        childShardIds: ["shardId-000000000009"],
        leaseOwner: undefined,
        leaseCounter: 0,
        ownerSwitchesSinceCheckpoint: 0,
        checkpointOwner: undefined,
        throughputKBps: undefined
      }])
      assert.deepStrictEqual(yield* process((leases) => leases.list, "another"), [])
    }))

  it.effect("an application that is opened twice has the same leases; one whose name contains another's has its own", () =>
    Effect.gen(function*() {
      const { process } = makeDisk()
      yield* process((leases) =>
        Effect.gen(function*() {
          const store = yield* LeaseStore
          const again = yield* store.open("app")
          yield* leases.create(fresh())
          assert.strictEqual((yield* again.list).length, 1)
          assert.strictEqual((yield* (yield* store.open("app/lease")).list).length, 0)
          assert.strictEqual((yield* (yield* store.open("app/leases")).list).length, 0)
        })
      )
    }))

  it.effect("claims, renewals, hand-offs and releases do not touch the store", () =>
    Effect.gen(function*() {
      const { process, written } = makeDisk()
      yield* process((leases) =>
        Effect.gen(function*() {
          yield* leases.create(fresh())
          written.length = 0
          const lease = yield* leases.renew(yield* claimed(leases))
          yield* leases.requestHandoff(lease, "bob")
          yield* leases.release(yield* leases.renew(lease), undefined)
          assert.deepStrictEqual(written, [])
          yield* leases.checkpoint(yield* claimed(leases), afterSequenceNumber("1"))
          assert.strictEqual(written.length, 1)
        })
      )
    }))

  it.effect("a checkpoint that could not be stored is an error, and is stored when it is made again", () =>
    Effect.gen(function*() {
      for (const takesEffect of [false, true]) {
        const { faults, process } = makeDisk()
        yield* process((leases) =>
          Effect.gen(function*() {
            yield* leases.create(fresh())
            const lease = yield* claimed(leases)
            faults.push({ operation: "set", takesEffect })
            const error = yield* Effect.flip(leases.checkpoint(lease, afterSequenceNumber("7")))
            assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" })
            assert.include(error.message, "disk full")
            assert.strictEqual((yield* leases.list)[0]!.checkpoint?._tag, "TrimHorizon")
            yield* leases.checkpoint(lease, afterSequenceNumber("7"))
          })
        )
        const [found] = yield* process((leases) => leases.list)
        assert.deepStrictEqual(found!.checkpoint, afterSequenceNumber("7"))
      }
    }))

  it.effect("a failed write of the list of leases is made good by the next write of any lease", () =>
    Effect.gen(function*() {
      const { faults, process } = makeDisk()
      yield* process((leases) =>
        Effect.gen(function*() {
          yield* leases.create(fresh())
          const lease = yield* claimed(leases)
          faults.push({ operation: "set", takesEffect: true })
          assert.isTrue((yield* Effect.either(leases.remove(lease)))._tag === "Left")
          yield* leases.renew(lease)
        })
      )
      assert.strictEqual((yield* process((leases) => leases.list)).length, 1)
    }))

  it.effect("a removal whose second half failed is a removal", () =>
    Effect.gen(function*() {
      const { faults, process } = makeDisk()
      yield* process((leases) =>
        Effect.gen(function*() {
          yield* leases.create(fresh())
          const [lease] = yield* leases.list
          faults.push({ operation: "remove", takesEffect: false })
          assert.deepInclude(yield* Effect.flip(leases.remove(lease!)), {
            _tag: "LeaseStoreError",
            reason: "Unavailable"
          })
          assert.isTrue(yield* leases.remove(lease!))
        })
      )
      assert.deepStrictEqual(yield* process((leases) => leases.list), [])
      yield* process((leases) => leases.create(fresh()))
      assert.strictEqual((yield* process((leases) => leases.list)).length, 1)
    }))

  it.effect("what is damaged is named, and stays as it is; what cannot be read is an error, and can be opened later", () =>
    Effect.gen(function*() {
      const { entries, faults, process } = makeDisk()
      yield* process((leases) => leases.create(fresh()))
      const keys = [...entries.keys()]
      for (const key of keys) {
        const before = entries.get(key)!
        for (const text of ["{", "7", "[7]", "{\"leaseKey\":7}", ""]) {
          entries.set(key, text)
          const error = yield* Effect.flip(process((leases) => leases.list))
          assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Invalid" })
          assert.include(error.message, key)
          assert.strictEqual(entries.get(key), text)
        }
        entries.set(key, before)
      }
      const row = keys.find((key) => key.includes(shard))!
      const text = entries.get(row)!
      entries.delete(row)
      assert.include((yield* Effect.flip(process((leases) => leases.list))).message, row)
      entries.set(row, text)
      faults.push({ operation: "get", takesEffect: false })
      const opened = yield* Effect.gen(function*() {
        assert.deepInclude(yield* Effect.flip(process((leases) => leases.list)), {
          _tag: "LeaseStoreError",
          reason: "Unavailable"
        })
        return yield* process((leases) => leases.list)
      })
      assert.strictEqual(opened.length, 1)
    }))

  it.effect("what could not be read again is not stored", () =>
    Effect.gen(function*() {
      const { entries, process } = makeDisk()
      const error = yield* process((leases) =>
        Effect.gen(function*() {
          yield* leases.create(fresh())
          const lease = yield* claimed(leases)
          const before = new Map(entries)
          const refused = yield* Effect.flip(leases.checkpoint(lease, afterSequenceNumber("none")))
          assert.deepStrictEqual(entries, before)
          yield* leases.checkpoint(lease, afterSequenceNumber("10"))
          return refused
        })
      )
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Invalid" })
      assert.include(error.message, "SequenceNumber")
    }))
})
