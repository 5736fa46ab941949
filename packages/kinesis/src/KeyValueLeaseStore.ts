/**
 * The leases of a single process, kept across its restarts in a `KeyValueStore` of `@effect/platform`: in files, say.
 *
 * It is not for groups. Owners are kept in memory only, so two processes on the same store would read the same shards and silently
 * overwrite each other's checkpoints. Workers that share the shards of a stream need a table, such as `@effect-kinesis/dynamodb`'s.
 *
 * This module needs `@effect/platform`, which is an optional peer dependency: it is imported as `effect-kinesis/KeyValueLeaseStore`.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { printable } from "./internal/text/causes.js"
import { messageOf } from "./internal/text/describe.js"
import * as LeaseStore from "./LeaseStore.js"
import { LeaseStoreError } from "./LeaseStoreError.js"
import type * as LeaseTransition from "./LeaseTransition.js"

/**
 * Leases in the key-value store: one key per lease and one for their list, per application. Checkpoints and what is known about the shards
 * are stored before a call returns; owners and counters are not stored, so every lease is unowned after a restart. Renewals do not touch
 * the store.
 *
 * @example
 * ```ts
 * import { KeyValueStore } from "@effect/platform"
 * import { Effect } from "effect"
 * import * as KeyValueLeaseStore from "effect-kinesis/KeyValueLeaseStore"
 *
 * const program = Effect.gen(function*() {
 *   const store = yield* KeyValueLeaseStore.make
 *   const leases = yield* store.open("billing")
 *   return yield* leases.list
 * })
 *
 * Effect.runPromise(Effect.provide(program, KeyValueStore.layerMemory))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<LeaseStore.Service, never, KeyValueStore.KeyValueStore> = Effect.gen(function*() {
  const store = yield* KeyValueStore.KeyValueStore
  const opening = yield* Effect.makeSemaphore(1)
  const opened = new Map<string, LeaseStore.Leases>()
  return {
    open: (application) =>
      opening.withPermits(1)(Effect.gen(function*() {
        const before = opened.get(application)
        if (before !== undefined) return before
        const leases = yield* openApplication(store, application)
        opened.set(application, leases)
        return leases
      }))
  }
})

/**
 * {@link make} as a layer. An application that is opened twice through one layer shares its leases.
 *
 * It is a value and no function, as there are no options: what there is to choose is the `KeyValueStore` that it is given.
 *
 * @example
 * ```ts
 * import { KeyValueStore } from "@effect/platform"
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { Consumer } from "effect-kinesis"
 * import * as KeyValueLeaseStore from "effect-kinesis/KeyValueLeaseStore"
 *
 * const program = Consumer.run({
 *   application: "billing",
 *   stream: "orders",
 *   from: "trim-horizon",
 *   stopWhen: Effect.sleep("100 millis"),
 *   handler: (record) => Effect.log(record.sequenceNumber)
 * })
 *
 * // `KeyValueStore.layerFileSystem` keeps the place across restarts.
 * const leases = Layer.provide(KeyValueLeaseStore.layer, KeyValueStore.layerMemory)
 * const kinesis = LocalKinesis.layer({ streams: [{ name: "orders" }] })
 *
 * Effect.runPromise(Effect.provide(program, Layer.merge(kinesis, leases)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<LeaseStore.LeaseStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  LeaseStore.LeaseStore,
  make
)

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

/** The state that is kept in memory only, for a lease that nobody has held since the process started. */
const unheld = {
  leaseOwner: undefined,
  leaseCounter: 0,
  ownerSwitchesSinceCheckpoint: 0,
  checkpointOwner: undefined,
  throughputKBps: undefined
} satisfies Partial<LeaseStore.Lease>

/** The stored part of a lease: everything that is not in {@link unheld}. */
const Row = Schema.parseJson(LeaseStore.Lease.omit(...Struct.keys(unheld)))

const Index = Schema.parseJson(Schema.Array(Schema.String))

const prefixOf = (application: string): string => `effect-kinesis/${encodeURIComponent(application)}`
const indexOf = (application: string): string => `${prefixOf(application)}/leases`
const keyOf = (application: string, leaseKey: string): string =>
  `${prefixOf(application)}/lease/${encodeURIComponent(leaseKey)}`

const failed = (application: string, operation: string, key: string) => (cause: unknown) =>
  new LeaseStoreError({
    operation: `KeyValueLeaseStore.${operation}`,
    reason: "Unavailable",
    application,
    description: `key ${key}: ${messageOf(cause)}`,
    cause: printable(cause)
  })

const damaged = (application: string, key: string, description: string, cause?: unknown) =>
  new LeaseStoreError({
    operation: "KeyValueLeaseStore.open",
    reason: "Invalid",
    application,
    problem: `invalid key ${key}`,
    description,
    cause
  })

const decoded = <A>(application: string, key: string, schema: Schema.Schema<A, string>, text: string) =>
  Effect.mapError(
    Schema.decodeEither(schema)(text),
    (cause) => damaged(application, key, `the stored value cannot be read: ${cause.message}`, cause)
  )

const encoded = (application: string, operation: string, lease: LeaseStore.Lease) =>
  Effect.mapError(Schema.encodeEither(Row)(lease), (cause) =>
    new LeaseStoreError({
      operation: `KeyValueLeaseStore.${operation}`,
      reason: "Invalid",
      application,
      leaseKey: lease.leaseKey,
      shardId: lease.shardId,
      problem: "invalid lease",
      description: `cannot be stored: ${cause.message}`,
      cause
    }))

/** The leases of an application, and their stored texts, by key. */
const readAll = Effect.fnUntraced(function*(store: KeyValueStore.KeyValueStore, application: string) {
  const stored = new Map<string, string>()
  const rows = new Map<string, LeaseStore.Lease>()
  const read = (key: string) =>
    store.get(key).pipe(
      Effect.mapError(failed(application, "open", key)),
      Effect.tap((text) => Effect.sync(() => Option.isSome(text) && stored.set(key, text.value)))
    )
  const indexKey = indexOf(application)
  const index = yield* read(indexKey)
  if (Option.isNone(index)) return { rows, stored }
  for (const leaseKey of yield* decoded(application, indexKey, Index, index.value)) {
    const key = keyOf(application, leaseKey)
    const text = yield* read(key)
    if (Option.isNone(text)) {
      return yield* damaged(application, key, `nothing is stored there, but ${indexKey} names it`)
    }
    rows.set(leaseKey, { ...unheld, ...yield* decoded(application, key, Row, text.value), leaseKey })
  }
  return { rows, stored }
})

const openApplication = (
  store: KeyValueStore.KeyValueStore,
  application: string
): Effect.Effect<LeaseStore.Leases, LeaseStoreError> =>
  Effect.gen(function*() {
    /** `stored` has only what is certain: no entry for a key while it is being written, or after a write failed. */
    const { rows, stored } = yield* readAll(store, application)
    const writing = yield* Effect.makeSemaphore(1)

    const set = (operation: string, key: string, value: string): Effect.Effect<void, LeaseStoreError> =>
      Effect.suspend(() => {
        if (stored.get(key) === value) return Effect.void
        stored.delete(key)
        return Effect.map(
          Effect.mapError(store.set(key, value), failed(application, operation, key)),
          () => void stored.set(key, value)
        )
      })
    const setIndex = (operation: string, leaseKeys: Iterable<string>) =>
      set(operation, indexOf(application), JSON.stringify([...leaseKeys]))

    /** A row is stored before it is listed, and unlisted before it is removed: every listed row exists. */
    const write = (
      operation: string,
      leaseKey: string,
      decide: LeaseTransition.Write
    ): Effect.Effect<LeaseTransition.Decision, LeaseStoreError> =>
      Effect.gen(function*() {
        const key = keyOf(application, leaseKey)
        const decision = decide(rows.get(leaseKey))
        if (decision._tag === "Put") {
          yield* set(operation, key, yield* encoded(application, operation, decision.lease))
          yield* setIndex(operation, new Set([...rows.keys(), leaseKey]))
          rows.set(leaseKey, decision.lease)
        }
        if (decision._tag === "Delete" && rows.has(leaseKey)) {
          yield* setIndex(operation, [...rows.keys()].filter((listed) => listed !== leaseKey))
          rows.delete(leaseKey)
          stored.delete(key)
          yield* Effect.mapError(store.remove(key), failed(application, operation, key))
        }
        return decision
      })

    return LeaseStore.fromTable({
      list: Effect.sync(() => [...rows.values()]),
      write: (leaseKey, operation, decide) =>
        writing.withPermits(1)(Effect.uninterruptible(write(operation, leaseKey, decide)))
    })
  })
