/**
 * What every implementation of `LeaseStore` must do: cases to be run by whatever test runner an implementation has.
 *
 * ```ts
 * for (const { name, run } of LeaseStoreContract.cases) {
 *   it.effect(name, () => Effect.provide(run, layer))
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isSame } from "./internal/lease/checkpoint.js"
import type { KinesisError } from "./KinesisError.js"
import { LeaseLost } from "./KinesisError.js"
import type { Lease, Leases, NewLease } from "./LeaseStore.js"
import { LeaseStore } from "./LeaseStore.js"
import type { Position } from "./Position.js"
import { after, afterSequenceNumber, atTimestamp, latest, shardEnd, trimHorizon } from "./Position.js"

/**
 * One case. It opens an application of its own, and dies with what is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  readonly name: string
  readonly run: Effect.Effect<void, KinesisError | LeaseLost, LeaseStore>
}

/**
 * All cases.
 *
 * @example
 * ```ts
 * import { LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { LeaseStoreContract } from "effect-kinesis"
 *
 * const check = Effect.forEach(LeaseStoreContract.cases, ({ run }) => Effect.provide(run, LocalLeaseStore.layer()))
 * ```
 *
 * @since 0.1.0
 * @category cases
 */
export const cases: ReadonlyArray<Case> = Object.entries(suite()).map(([name, test], index) => ({
  name,
  run: Effect.flatMap(LeaseStore, (store) => Effect.flatMap(store.open(`contract-${index}`), test))
}))

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

type Test = (leases: Leases) => Effect.Effect<void, KinesisError | LeaseLost, LeaseStore>

const shard = "shardId-000000000000"

function fresh(more: Partial<NewLease> = {}): NewLease {
  return {
    leaseKey: more.shardId ?? shard,
    shardId: shard,
    streamIdentifier: undefined,
    checkpoint: trimHorizon,
    parentShardIds: [],
    hashKeyRange: undefined,
    ...more
  }
}

function expect(holds: boolean, what: string, ...seen: ReadonlyArray<unknown>): Effect.Effect<void> {
  return holds
    ? Effect.void
    : Effect.dieMessage(`${what}; saw ${seen.map((value) => JSON.stringify(value)).join(", ")}`)
}

const standsFor = (position: Position | undefined): string | undefined =>
  position?._tag === "AtTimestamp" ? position.standsFor : undefined

const find = (leases: Leases, leaseKey = shard): Effect.Effect<Lease, KinesisError> =>
  Effect.flatMap(leases.list, (all) => {
    const found = all.find((lease) => lease.leaseKey === leaseKey)
    return found === undefined ? Effect.dieMessage(`no lease ${leaseKey}`) : Effect.succeed(found)
  })

const claimed = (leases: Leases, worker: string, lease?: Lease): Effect.Effect<Lease, KinesisError> =>
  Effect.gen(function*() {
    const claim = yield* leases.claim(lease ?? (yield* find(leases)), worker)
    return Option.isSome(claim) ? claim.value : yield* Effect.dieMessage(`${worker} could not claim`)
  })

const started = (leases: Leases, worker = "ann"): Effect.Effect<Lease, KinesisError> =>
  Effect.zipRight(leases.create(fresh()), claimed(leases, worker))

const mustBeLost = <A>(
  what: string,
  write: Effect.Effect<A, LeaseLost | KinesisError>
): Effect.Effect<void, KinesisError> =>
  Effect.matchEffect(write, {
    onSuccess: () => Effect.dieMessage(`${what} was not refused`),
    onFailure: (error) => error instanceof LeaseLost ? Effect.void : Effect.fail(error)
  })

function suite(): Readonly<Record<string, Test>> {
  return {
    "an application begins without leases, and its table can be opened again": (leases) =>
      Effect.gen(function*() {
        yield* expect((yield* leases.list).length === 0, "leases of a new application")
        yield* leases.create(fresh())
        const again = yield* (yield* LeaseStore).open("contract-0")
        yield* expect((yield* again.list).length === 1, "leases after opening again")
        const other = yield* (yield* LeaseStore).open("contract-other")
        yield* expect((yield* other.list).length === 0, "leases of another application")
      }),

    "a lease is created once, with all that is known of it": (leases) =>
      Effect.gen(function*() {
        const lease = fresh({
          leaseKey: "000000000000:orders:1700000000:shardId-000000000007",
          shardId: "shardId-000000000007",
          streamIdentifier: "000000000000:orders:1700000000",
          parentShardIds: ["shardId-000000000001", "shardId-000000000002"],
          hashKeyRange: { startingHashKey: "0", endingHashKey: "340282366920938463463374607431768211455" }
        })
        yield* expect(yield* leases.create(lease), "the first creation")
        yield* expect(!(yield* leases.create({ ...lease, checkpoint: latest })), "a second creation")
        const found = yield* find(leases, lease.leaseKey)
        yield* expect(
          found.shardId === lease.shardId && found.streamIdentifier === lease.streamIdentifier &&
            found.leaseOwner === undefined && found.checkpointOwner === undefined &&
            [...found.parentShardIds].sort().join() === lease.parentShardIds.join() &&
            found.hashKeyRange?.startingHashKey === "0" &&
            found.hashKeyRange.endingHashKey === lease.hashKeyRange?.endingHashKey &&
            found.childShardIds.length === 0 && found.ownerSwitchesSinceCheckpoint === 0,
          "the lease",
          found
        )
        yield* expect(isSame(found.checkpoint, trimHorizon), "the first checkpoint", found.checkpoint)
      }),

    "every kind of start is kept": (leases) =>
      Effect.gen(function*() {
        const starts = [
          trimHorizon,
          latest,
          undefined,
          atTimestamp(1_700_000_000_123),
          { ...atTimestamp(1_700_000_000_123), standsFor: "Latest" } as const,
          { ...atTimestamp(1_700_000_000_123), standsFor: "TrimHorizon" } as const,
          afterSequenceNumber("49590338271490256608559692538361571095921575989136588898"),
          after({ sequenceNumber: "49590338271490256608559692538361571095921575989136588898", subSequenceNumber: 7 }),
          shardEnd
        ]
        for (const [index, checkpoint] of starts.entries()) {
          yield* leases.create(fresh({ leaseKey: `start-${index}`, checkpoint }))
          const found = yield* find(leases, `start-${index}`)
          yield* expect(isSame(found.checkpoint, checkpoint), "the start", found.checkpoint, checkpoint)
          yield* expect(standsFor(found.checkpoint) === standsFor(checkpoint), "what it stands for", found.checkpoint)
        }
      }),

    "of many claims at once one succeeds": (leases) =>
      Effect.gen(function*() {
        yield* leases.create(fresh())
        const seen = yield* find(leases)
        const workers = Array.from({ length: 20 }, (_, index) => `worker-${index}`)
        const claims = yield* Effect.forEach(workers, (worker) => leases.claim(seen, worker), {
          concurrency: "unbounded"
        })
        const won = claims.filter(Option.isSome)
        yield* expect(won.length === 1, "claims that succeeded", won.length)
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === won[0]!.value.leaseOwner, "the owner", found.leaseOwner)
        yield* expect(found.leaseCounter > seen.leaseCounter, "the counter", found.leaseCounter)
      }),

    "a claim whose answer was lost can be made again": (leases) =>
      Effect.gen(function*() {
        yield* leases.create(fresh())
        const seen = yield* find(leases)
        const first = yield* claimed(leases, "ann", seen)
        const again = yield* claimed(leases, "ann", seen)
        yield* expect(first.leaseCounter === again.leaseCounter, "counters", first.leaseCounter, again.leaseCounter)
        yield* expect(again.ownerSwitchesSinceCheckpoint === 1, "switches", again.ownerSwitchesSinceCheckpoint)
        yield* expect(Option.isNone(yield* leases.claim(seen, "bob")), "another's claim on what ann has by now")
      }),

    "a claim of a lease that its owner has renewed is refused": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.renew(lease)
        yield* expect(Option.isNone(yield* leases.claim(lease, "bob")), "the claim")
        yield* expect(Option.isNone(yield* leases.claim({ ...lease, leaseKey: "none" }, "bob")), "a claim of nothing")
      }),

    "renewing moves the counter, and can be repeated": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const renewed = yield* leases.renew(lease)
        yield* expect(renewed.leaseCounter > lease.leaseCounter, "the counter", renewed.leaseCounter)
        const again = yield* leases.renew(lease)
        yield* expect(again.leaseCounter === renewed.leaseCounter, "the counter", again.leaseCounter)
        yield* leases.renew(again)
      }),

    "what was lost is refused: every write of a former owner": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const bobs = yield* claimed(leases, "bob", lease)
        const stored = yield* leases.checkpoint(bobs, afterSequenceNumber("500"))
        yield* mustBeLost("a renewal", leases.renew(lease))
        yield* mustBeLost("a checkpoint", leases.checkpoint(lease, afterSequenceNumber("900")))
        yield* mustBeLost("a shard's end", leases.finish(lease, []))
        yield* mustBeLost("a release", leases.release(lease, "ann"))
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === "bob" && found.leaseCounter === stored.leaseCounter, "the lease", found)
        yield* expect(isSame(found.checkpoint, afterSequenceNumber("500")), "the checkpoint", found.checkpoint)
        yield* leases.renew(stored)
      }),

    "a worker that has a lease again does not write by what it knew before": (leases) =>
      Effect.gen(function*() {
        const before = yield* started(leases)
        const bobs = yield* claimed(leases, "bob", before)
        const now = yield* claimed(leases, "ann", bobs)
        yield* mustBeLost("a checkpoint", leases.checkpoint(before, afterSequenceNumber("900")))
        yield* leases.checkpoint(now, afterSequenceNumber("1"))
      }),

    "a checkpoint is stored, and clears the switches": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const position = after({ sequenceNumber: "100", subSequenceNumber: 3 })
        const stored = yield* leases.checkpoint(lease, position)
        yield* expect(stored.leaseCounter > lease.leaseCounter, "the counter", stored.leaseCounter)
        const found = yield* find(leases)
        yield* expect(isSame(found.checkpoint, position), "the checkpoint", found.checkpoint)
        yield* expect(found.ownerSwitchesSinceCheckpoint === 0, "switches", found.ownerSwitchesSinceCheckpoint)
        yield* expect(found.leaseOwner === "ann" && found.leaseCounter === stored.leaseCounter, "the lease", found)
      }),

    "a checkpoint whose answer was lost can be made again": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const first = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        const again = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        yield* expect(first.leaseCounter === again.leaseCounter, "counters", first.leaseCounter, again.leaseCounter)
      }),

    "a checkpoint after a renewal whose answer was lost is stored": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.renew(lease)
        const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        const found = yield* find(leases)
        yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
        yield* leases.renew(stored)
      }),

    "checkpoints only move forward, as numbers and not as text": (leases) =>
      Effect.gen(function*() {
        let lease = yield* started(leases)
        const at = (text: string, subSequenceNumber?: number) => after({ sequenceNumber: text, subSequenceNumber })
        for (
          const [written, stored] of [
            [at("9"), at("9")],
            [at("10"), at("10")],
            [at("9"), at("10")],
            [at("10", 4), at("10", 4)],
            [at("10", 3), at("10", 4)],
            [at("10", 12), at("10", 12)],
            [trimHorizon, at("10", 12)],
            [at("11"), at("11")]
          ] as const
        ) {
          lease = yield* leases.checkpoint(lease, written)
          const found = yield* find(leases)
          yield* expect(isSame(found.checkpoint, stored), "the checkpoint", found.checkpoint, stored)
          yield* expect(found.leaseCounter === lease.leaseCounter, "the counter", found.leaseCounter)
        }
      }),

    "a start can become an instant before anything was handled": (leases) =>
      Effect.gen(function*() {
        yield* leases.create(fresh({ checkpoint: latest }))
        const lease = yield* claimed(leases, "ann")
        yield* leases.checkpoint(lease, atTimestamp(1_700_000_000_000))
        const found = yield* find(leases)
        yield* expect(isSame(found.checkpoint, atTimestamp(1_700_000_000_000)), "the start", found.checkpoint)
      }),

    "a shard's end is final": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const children = ["shardId-000000000001", "shardId-000000000002"]
        const ended = yield* leases.finish(lease, children)
        const again = yield* leases.finish(lease, children)
        yield* expect(again.leaseCounter === ended.leaseCounter, "the counter", again.leaseCounter)
        yield* leases.checkpoint(ended, afterSequenceNumber("100"))
        const found = yield* find(leases)
        yield* expect(isSame(found.checkpoint, shardEnd), "the checkpoint", found.checkpoint)
        yield* expect([...found.childShardIds].sort().join() === children.join(), "children", found.childShardIds)
      }),

    "a lease that was given back is anybody's": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        const released = yield* leases.release(stored, undefined)
        const again = yield* leases.release(stored, undefined)
        yield* expect(
          released.leaseOwner === undefined && again.leaseOwner === undefined,
          "what is given",
          released,
          again
        )
        const found = yield* find(leases)
        yield* expect(released.leaseCounter === found.leaseCounter, "the counter that is given", released.leaseCounter)
        yield* expect(found.leaseOwner === undefined && found.leaseCounter > stored.leaseCounter, "the lease", found)
        yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
        yield* mustBeLost("a renewal after it", leases.renew(stored))
        yield* claimed(leases, "bob", found)
      }),

    "a lease can be given to a successor": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const released = yield* leases.release(lease, "bob")
        const again = yield* leases.release(lease, "bob")
        yield* expect(released.leaseOwner === "bob" && again.leaseOwner === "bob", "what is given", released, again)
        const bobs = yield* leases.owned("bob")
        yield* expect(bobs.length === 1 && bobs[0]!.checkpointOwner === undefined, "bob's leases", bobs)
        yield* expect((yield* leases.owned("ann")).length === 0, "ann's leases")
        yield* mustBeLost("a renewal after it", leases.renew(lease))
        yield* claimed(leases, "bob", bobs[0]!)
      }),

    "a hand-off: the owner goes on, is told, stores, and lets go": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const asked = yield* leases.requestHandoff(lease, "bob")
        yield* expect(Option.isSome(asked), "the request")
        yield* expect(Option.isSome(yield* leases.requestHandoff(lease, "bob")), "the request again")
        yield* expect(Option.isNone(yield* leases.requestHandoff(lease, "cid")), "a second worker's request")
        const bobs = yield* leases.owned("bob")
        yield* expect(bobs[0]?.checkpointOwner === "ann", "bob's lease", bobs)
        const renewed = yield* leases.renew(lease)
        yield* expect(renewed.checkpointOwner === "ann" && renewed.leaseOwner === "bob", "what ann sees", renewed)
        const stored = yield* leases.checkpoint(renewed, afterSequenceNumber("100"))
        const again = yield* leases.renew(stored)
        const released = yield* leases.release(again, "cid")
        yield* expect(
          released.leaseOwner === "bob" && released.checkpointOwner === undefined,
          "what is given",
          released
        )
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
        yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
        yield* mustBeLost("ann's checkpoint after it", leases.checkpoint(again, afterSequenceNumber("200")))
        yield* claimed(leases, "bob", found)
      }),

    "an owner that has not heard of the hand-off can store and let go": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.requestHandoff(lease, "bob")
        const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        yield* expect(stored.checkpointOwner === "ann", "what ann sees", stored)
        const released = yield* leases.release(lease, undefined)
        yield* expect(released.leaseOwner === "bob", "what is given", released)
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
      }),

    "a hand-off that its owner does not live to see can be taken": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.requestHandoff(lease, "bob")
        const cids = yield* claimed(leases, "cid")
        yield* expect(cids.leaseOwner === "cid" && cids.checkpointOwner === undefined, "cid's lease", cids)
        yield* mustBeLost("a renewal", leases.renew(lease))
      }),

    "a hand-off is asked of the present owner alone": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* claimed(leases, "bob", lease)
        yield* expect(Option.isNone(yield* leases.requestHandoff(lease, "cid")), "the request to ann")
        const unowned = yield* leases.create(fresh({ leaseKey: "free" }))
        yield* expect(unowned, "a free lease")
        const free = yield* find(leases, "free")
        yield* expect(Option.isNone(yield* leases.requestHandoff(free, "cid")), "the request to nobody")
      }),

    "a hand-off that is not answered is withdrawn: the row names its owner, whose own next write is not refused": (
      leases
    ) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.requestHandoff(lease, "bob")
        const asked = yield* find(leases)
        yield* leases.renew(lease)
        const withdrawn = yield* leases.withdrawHandoff(asked, "bob")
        yield* expect(Option.isSome(withdrawn), "the withdrawal, at another counter")
        yield* expect(Option.isSome(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal again")
        const found = yield* find(leases)
        yield* expect(
          found.leaseOwner === "ann" && found.checkpointOwner === undefined &&
            found.leaseCounter === lease.leaseCounter + 1 && found.ownerSwitchesSinceCheckpoint === 1,
          "the lease",
          found
        )
        const stored = yield* leases.checkpoint(
          { ...found, leaseOwner: "bob", checkpointOwner: "ann" },
          afterSequenceNumber("1")
        )
        yield* expect(stored.leaseOwner === "ann" && stored.checkpointOwner === undefined, "what ann sees", stored)
        yield* expect((yield* leases.owned("bob")).length === 0, "bob's leases")
        yield* expect(Option.isSome(yield* leases.requestHandoff(stored, "cid")), "another request")
        yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "a withdrawal of another's request")
      }),

    "an owner that has not heard of the withdrawal hands off all the same": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.requestHandoff(lease, "bob")
        const heard = yield* leases.renew(lease)
        yield* leases.withdrawHandoff(yield* find(leases), "bob")
        yield* leases.release(heard, "bob")
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
        yield* mustBeLost("a renewal after it", leases.renew(heard))
        yield* claimed(leases, "bob", found)
      }),

    "a hand-off that was completed meanwhile is not undone": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.requestHandoff(lease, "bob")
        const asked = yield* find(leases)
        yield* leases.release(lease, undefined)
        yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal")
        const found = yield* find(leases)
        yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
        const bobs = yield* claimed(leases, "bob", found)
        yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal after the claim")
        yield* expect(Option.isNone(yield* leases.withdrawHandoff(bobs, "bob")), "a withdrawal of no request")
        yield* leases.renew(bobs)
      }),

    "a lease can begin anew, as it was seen: whoever held it is refused, and nothing is left of what was known": (
      leases
    ) =>
      Effect.gen(function*() {
        const range = (from: string, to: string) => ({ startingHashKey: from, endingHashKey: to })
        yield* leases.create(fresh({ parentShardIds: ["shardId-000000000009"], hashKeyRange: range("0", "9") }))
        const lease = yield* claimed(leases, "ann")
        const ended = yield* leases.finish(lease, ["shardId-000000000001", "shardId-000000000002"])
        const anew = fresh({ parentShardIds: ["shardId-000000000008"], hashKeyRange: range("5", "7") })
        yield* expect(Option.isNone(yield* leases.reset(lease, anew)), "a reset of what was not seen")
        yield* expect(Option.isNone(yield* leases.reset({ ...ended, leaseKey: "none" }, anew)), "a reset of nothing")
        const reset = yield* leases.reset(ended, anew)
        const again = yield* leases.reset(ended, anew)
        yield* expect(Option.isSome(reset) && Option.isSome(again), "the reset, and the same again", reset, again)
        const found = yield* find(leases)
        yield* expect(
          found.leaseOwner === undefined && found.checkpointOwner === undefined && found.childShardIds.length === 0 &&
            found.parentShardIds.join() === anew.parentShardIds.join() && found.hashKeyRange?.startingHashKey === "5" &&
            found.hashKeyRange.endingHashKey === "7" && found.ownerSwitchesSinceCheckpoint === 0 &&
            found.leaseCounter === ended.leaseCounter + 1,
          "the lease",
          found
        )
        yield* expect(isSame(found.checkpoint, trimHorizon), "the checkpoint", found.checkpoint)
        yield* mustBeLost("a checkpoint of its former owner", leases.checkpoint(ended, afterSequenceNumber("9")))
        const bobs = yield* claimed(leases, "bob", found)
        yield* expect(Option.isNone(yield* leases.reset(ended, anew)), "a reset of what bob has by now")
        yield* leases.checkpoint(bobs, afterSequenceNumber("1"))
      }),

    "a lease that is being handed off can begin anew, with nothing known of its shard": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
        yield* leases.annotate(shard, { hashKeyRange: { startingHashKey: "0", endingHashKey: "9" } })
        yield* leases.requestHandoff(stored, "bob")
        yield* expect(Option.isSome(yield* leases.reset(stored, fresh({ checkpoint: latest }))), "the reset")
        const found = yield* find(leases)
        yield* expect(
          found.leaseOwner === undefined && found.checkpointOwner === undefined && found.hashKeyRange === undefined,
          "the lease",
          found
        )
        yield* expect(isSame(found.checkpoint, latest), "the checkpoint", found.checkpoint)
        yield* mustBeLost("a renewal of its former owner", leases.renew(stored))
      }),

    "what is known of a shard is added beside its owner, and brings no lease back": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        const hashKeyRange = { startingHashKey: "5", endingHashKey: "9" }
        yield* leases.annotate(shard, { hashKeyRange })
        yield* leases.annotate(shard, { childShardIds: ["shardId-000000000003"] })
        const found = yield* find(leases)
        yield* expect(found.leaseCounter === lease.leaseCounter && found.leaseOwner === "ann", "the lease", found)
        yield* expect(
          found.hashKeyRange?.startingHashKey === "5" && found.childShardIds[0] === "shardId-000000000003",
          "what is known",
          found
        )
        const renewed = yield* leases.renew(lease)
        yield* expect(yield* leases.remove(renewed), "the removal")
        yield* leases.annotate(shard, { hashKeyRange })
        yield* expect((yield* leases.list).length === 0, "leases after the removal")
      }),

    "a lease that has moved is not removed": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        yield* leases.renew(lease)
        yield* expect(!(yield* leases.remove(lease)), "the removal")
        yield* expect((yield* leases.list).length === 1, "leases")
        yield* mustBeLost("a renewal of nothing", leases.renew({ ...lease, leaseKey: "none" }))
      }),

    "every lease is listed, however many": (leases) =>
      Effect.gen(function*() {
        const keys = Array.from({ length: 120 }, (_, index) => `shardId-${String(index).padStart(12, "0")}`)
        yield* Effect.forEach(keys, (shardId) => leases.create(fresh({ shardId, leaseKey: shardId })), {
          concurrency: 10
        })
        const listed = (yield* leases.list).map((lease) => lease.leaseKey).sort()
        yield* expect(listed.join() === keys.join(), "the listing", listed.length)
        const all = yield* leases.list
        yield* Effect.forEach(all, (lease) => leases.claim(lease, lease.leaseKey < keys[70]! ? "ann" : "bob"), {
          concurrency: 10
        })
        yield* expect((yield* leases.owned("ann")).length === 70, "ann's leases")
        yield* expect((yield* leases.owned("bob")).length === 50, "bob's leases")
        const unknown = yield* leases.owned("bob", new Set(keys.slice(1)))
        yield* expect(unknown.length === 0, "bob's leases but those he knows", unknown.length)
        const one = yield* leases.owned("ann", new Set(keys.slice(1)))
        yield* expect(one.length === 1 && one[0]!.leaseKey === keys[0], "ann's leases but those she knows", one)
      }),

    "an owner's writes at once do not undo one another": (leases) =>
      Effect.gen(function*() {
        const lease = yield* started(leases)
        let position: Position = afterSequenceNumber("1")
        let current = lease
        for (let round = 2; round < 12; round++) {
          position = afterSequenceNumber(String(round))
          const [outcome] = yield* Effect.all(
            [Effect.either(leases.checkpoint(current, position)), Effect.either(leases.claim(current, "bob"))],
            { concurrency: 2 }
          )
          const found = yield* find(leases)
          if (outcome._tag === "Left") {
            yield* expect(found.leaseOwner === "bob", "the owner", found)
            return
          }
          yield* expect(isSame(found.checkpoint, position), "the checkpoint", found.checkpoint, position)
          current = outcome.right
        }
      })
  }
}
