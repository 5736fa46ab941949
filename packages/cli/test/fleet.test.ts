import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { afterAll, beforeAll } from "vitest"
import * as Fleets from "../src/fleet/Fleet.js"
import * as History from "../src/fleet/History.js"
import * as Bundle from "./support/bundle.js"

const options: Omit<Fleets.Options, "leaseMillis"> = {
  shardCount: 8,
  customers: 40,
  balanceMillis: 400,
  discoveryMillis: 250,
  orderMillis: 2
}

/** What is waited for takes a second or two; on a machine that has other things to do it may take much longer. */
const patience = 150_000

let bundle: Bundle.Bundle

beforeAll(async () => {
  bundle = await Bundle.make("FleetWorker")
})

afterAll(() => bundle.remove())

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

const shares = ({ history, workers }: Fleets.Fleet): ReadonlyArray<number> =>
  workers
    .filter(({ state }) => state === "starting" || state === "reading")
    .map(({ name }) => History.heldBy(history, name).length)
    .sort()

const handledBy = ({ history }: Fleets.Fleet, { name }: Fleets.Worker) =>
  history.handled.filter(({ worker }) => worker === name)

const isRead = ({ history }: Fleets.Fleet, shardIds: ReadonlyArray<string>): boolean =>
  shardIds.every((shardId) =>
    history.ownerships.some((ownership) => ownership.shardId === shardId && ownership.firstReadAt)
  )

const shardIdsOf = (ownerships: ReadonlyArray<History.Ownership>): ReadonlySet<string> =>
  new Set(ownerships.map(({ shardId }) => shardId))

const subscribed = ({ ownerships }: History.History): ReadonlySet<string> =>
  shardIdsOf(ownerships.filter(({ isSubscribed }) => isSubscribed))

/** No worker handles a record of a shard after another has its lease, and each owner's token is higher than the last one's. */
const inTurn = ({ handled, ownerships }: History.History): boolean =>
  ownerships.every((ownership) =>
    ownerships.every((later) =>
      later.shardId !== ownership.shardId || later.acquiredAt <= ownership.acquiredAt ||
      (later.fencingToken > ownership.fencingToken && handled.every(({ at, fencingToken, shardId }) =>
        shardId !== ownership.shardId || fencingToken !== ownership.fencingToken || at <= later.acquiredAt
      ))
    )
  )

/** A fleet from its start to its end: one worker is killed, one leaves, one joins, a shard is split and two are merged. */
const story = (how: Pick<Fleets.Options, "fanOut" | "leaseMillis">) =>
  Effect.gen(function*() {
    const fleet = yield* Fleets.make({ ...options, ...how, program: bundle.program })
    const { history, join, kill, leave, merge, openShards, split, until, workers } = fleet
    const join4 = Effect.replicateEffect(join, 4)
    const [killed, left, ...others] = (yield* join4) as [Fleets.Worker, Fleets.Worker, ...Array<Fleets.Worker>]
    const writing = yield* Effect.fork(fleet.write)
    yield* until("each has two shards", patience, () => shares(fleet).join() === "2,2,2,2")
    yield* until("each has handled records", patience, () =>
      workers.every((worker) =>
        handledBy(fleet, worker).length > 100
      ))

    const untilSubscribed = until("each shard was subscribed to", patience, () =>
      how.fanOut !== true || shardIdsOf(history.ownerships).size === subscribed(history).size)
    yield* untilSubscribed

    yield* kill(killed)
    const afterKill = () =>
      History.gaps(history, "Killed")
    yield* until("the killed one's shards are read again", patience, () =>
      !afterKill().includes(undefined))
    yield* until("the others have them all", patience, () =>
      shares(fleet).join() === "2,3,3")

    const since = yield* Clock.currentTimeMillis
    const afterLeave = () => History.gaps(history, "Released", { worker: left.name, since })
    const leaving = yield* leave(left)
    yield* until("what was given up is read on", patience, () => !afterLeave().includes(undefined))
    const gapsOfLeave = afterLeave()

    yield* join
    const [first, second, third] = yield* openShards
    const ofSplit = yield* split(first!)
    const ofMerge = yield* merge(second!, third!)
    yield* until("the children are read", patience, () => isRead(fleet, [...ofSplit, ...ofMerge]))
    yield* until("the new one has its share", patience, () => shares(fleet).join() === "2,3,3")

    yield* until("what moved is read on", patience, () => !History.gaps(history, "Released").includes(undefined))
    const atOtherMoves = History.gaps(history, "Released").filter((gap) => gap?.from !== left.name)
    yield* untilSubscribed
    yield* until("there is enough to judge", patience, () => history.written.length > 2_000)
    yield* Fiber.interrupt(writing)
    yield* until("all is handled", patience, () => History.unhandled(history).length === 0)
    const working = workers.filter(({ state }) => state === "reading")
    yield* Effect.forEach(working, leave, { concurrency: "unbounded" })
    const parents = [second!.shardId, third!.shardId]
    return {
      leaseMillis: how.leaseMillis,
      history,
      workers,
      killed,
      others,
      leaving,
      ofSplit,
      ofMerge,
      parents,
      atOtherMoves,
      killGaps: afterKill().map((gap) => gap!.millis),
      leaveGaps: gapsOfLeave.map((gap) => gap!.millis)
    }
  }).pipe(Effect.scoped)

type Story = Effect.Effect.Success<ReturnType<typeof story>>

/** Whether a worker had so little of the processor that a lease was over before it renewed it, or passed it on no sooner than by its end. */
const isStarved = ({ history, killGaps, leaseMillis, leaveGaps }: Story): boolean =>
  history.ownerships.some(({ end }) => end?._tag === "Lost") ||
  leaveGaps.some((millis) => millis >= leaseMillis / 2) ||
  killGaps.some((millis) => millis >= 3 * leaseMillis)

const describeStory = ({ atOtherMoves, history, killGaps, leaseMillis, leaveGaps, leaving }: Story): string => {
  const { duplicates, unstoredAtKill, written } = History.judge(history)
  const otherGaps = atOtherMoves.map((gap) => `${gap!.millis}${gap!.because === "given" ? "" : ` (${gap!.because})`}`)
  return `${written} written, ${duplicates} duplicates of ${unstoredAtKill} unstored; leases of ${leaseMillis} ms; without a reader after ` +
    `the kill ${killGaps.join(", ")} ms, after the leave ${leaveGaps.join(", ")} ms, at other hand-offs ${
      otherGaps.join(", ")
    } ms; left in ${leaving} ms`
}

describe("worker processes on a server and dynalite", () => {
  for (const [name, fanOut] of [["by polling", false], ["by fan-out", true]] as const) {
    it.live(
      `${name}, a kill, a leave, a join, a split and a merge: nothing lost, nothing twice but what was not stored`,
      ({ annotate }) =>
        Effect.gen(function*() {
          let told = yield* story({ fanOut, leaseMillis: 2_000 })
          for (const leaseMillis of [10_000, 40_000]) {
            if (!isStarved(told)) break
            assert.strictEqual(History.judge(told.history).lost, 0)
            yield* Effect.promise(() => annotate(`again, with longer leases: ${describeStory(told)}`))
            told = yield* story({ fanOut, leaseMillis })
          }
          const { history, killGaps, killed, leaseMillis, leaveGaps, ofMerge, ofSplit, others, parents, workers } = told
          yield* Effect.promise(() => annotate(describeStory(told)))

          const judgement = History.judge(history)
          assert.deepInclude(judgement, { handled: judgement.written, lost: 0, reordered: 0, beforeParents: 0 })
          assert.isFalse(isStarved(told), describeStory(told))
          assert.strictEqual(judgement.duplicates, judgement.duplicatesAfterKill, "only what the kill left unstored")
          assert.isAtMost(judgement.duplicates, judgement.unstoredAtKill)
          assert.isTrue(inTurn(history))
          assert.deepStrictEqual(subscribed(history), fanOut ? shardIdsOf(history.ownerships) : new Set())
          assert.strictEqual(ofSplit.length, 2)
          assert.strictEqual(ofMerge.length, 1)
          assert.deepStrictEqual(history.parents.get(ofMerge[0]!), parents)

          assert.strictEqual(killGaps.length, 2)
          assert.isTrue(killGaps.every((millis) => millis > leaseMillis / 2), String(killGaps))
          assert.isAbove(leaveGaps.length, 1)

          assert.strictEqual(killed.state, "killed")
          const survivors = workers.filter((worker) => worker !== killed)
          assert.isTrue(survivors.every(({ state }) => state === "left"), "with code 0, by themselves")
          assert.isTrue(survivors.every(({ farewell }) => farewell?.cut === 0))
          assert.strictEqual(survivors.length, others.length + 2)
          assert.isTrue(workers.every(({ pid }) => isGone(pid)), "no process is left")
        }),
      900_000
    )
  }

  it.live("a second SIGTERM waits for no handler", () =>
    Effect.gen(function*() {
      // A handler takes less than it is given while the worker leaves, so that one SIGTERM would cut none.
      const times = { leaseMillis: 20_000, orderMillis: 25_000 }
      const { history, join, leave, until, write } = yield* Fleets.make({
        ...options,
        ...times,
        shardCount: 1,
        program: bundle.program
      })
      yield* Effect.fork(write)
      yield* until("there is something to handle", patience, () => history.written.length > 100)
      const worker = yield* join
      yield* until("it reads", patience, () =>
        History.heldBy(history, worker.name).some(({ lastReadAt }) =>
          lastReadAt !== undefined
        ))
      yield* Effect.sleep("500 millis")
      const again = Effect.zipRight(Effect.sleep("500 millis"), worker.child.kill("SIGTERM"))
      yield* Effect.raceFirst(leave(worker), Effect.forever(again))
      const farewell = worker.farewell!
      assert.strictEqual(farewell.drained, 0)
      assert.isAbove(farewell.cut, 0)
      assert.strictEqual(history.handled.length, 0)
    }).pipe(Effect.scoped))
})
