import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import * as Fleets from "../src/fleet/Fleet.js"
import * as History from "../src/fleet/History.js"

const leaseMillis = 2_000
const balanceMillis = 400

const options: Fleets.Options = {
  shardCount: 8,
  customers: 40,
  leaseMillis,
  balanceMillis,
  discoveryMillis: 250,
  orderMillis: 2
}

/** What is waited for takes a second or two; on a machine that has other things to do it may take longer. */
const patience = 20_000

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

/** A hand-off takes so many calls, one after the other; on a machine that has other things to do each takes its time. */
const callsOfHandoff = 8

/** Makes the call again and again, and notes how long it takes. */
const timing = <E>(call: Effect.Effect<unknown, E>, calls: Array<number>): Effect.Effect<never, E> =>
  Effect.timed(call).pipe(
    Effect.tap(([duration]) => void calls.push(Math.round(Duration.toMillis(duration)))),
    Effect.zipRight(Effect.sleep("20 millis")),
    Effect.forever
  )

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

describe("worker processes on kinesis-local and dynalite", () => {
  it.live(
    "a kill, a leave, a join, a split and a merge: nothing lost, nothing twice but what was not stored",
    ({ annotate }) =>
      Effect.gen(function*() {
        const pids: Array<number> = []
        yield* Effect.scoped(Effect.gen(function*() {
          const fleet = yield* Fleets.make(options)
          const { history, join, kill, leave, merge, openShards, split, until, workers } = fleet
          const join4 = Effect.replicateEffect(join, 4)
          const [killed, left, ...others] = (yield* join4) as [Fleets.Worker, Fleets.Worker, ...Array<Fleets.Worker>]
          const writing = yield* Effect.fork(fleet.write)
          yield* until("each has two shards", patience, () => shares(fleet).join() === "2,2,2,2")
          yield* until("each has handled records", patience, () =>
            workers.every((worker) =>
              handledBy(fleet, worker).length > 100
            ))

          yield* kill(killed)
          const afterKill = () => History.gaps(history, "Killed")
          yield* until("the killed one's shards are read again", patience, () => !afterKill().includes(undefined))
          yield* until("the others have them all", patience, () => shares(fleet).join() === "2,3,3")

          const since = yield* Clock.currentTimeMillis
          const afterLeave = () => History.gaps(history, "Released", { worker: left.name, since })
          const calls: Array<number> = []
          const probe = yield* Effect.fork(timing(openShards, calls))
          const leaving = yield* leave(left)
          yield* until("what was given up is read on", patience, () => !afterLeave().includes(undefined))
          yield* Fiber.interrupt(probe)
          const gapsOfLeave = afterLeave()

          yield* join
          const [first, second, third] = yield* openShards
          const ofSplit = yield* split(first!)
          const ofMerge = yield* merge(second!, third!)
          yield* until("the children are read", patience, () => isRead(fleet, [...ofSplit, ...ofMerge]))
          yield* until("the new one has its share", patience, () => shares(fleet).join() === "2,3,3")

          yield* until("what moved is read on", patience, () => !History.gaps(history, "Released").includes(undefined))
          const atOtherMoves = History.gaps(history, "Released").filter((gap) => gap?.from !== left.name)
          yield* Fiber.interrupt(writing)
          yield* until("all is handled", patience, () => History.unhandled(history).length === 0)
          const working = workers.filter(({ state }) => state === "reading")
          yield* Effect.forEach(working, leave, { concurrency: "unbounded" })

          const judgement = History.judge(history)
          const killGaps = afterKill().map((gap) => gap!.millis)
          const otherGaps = atOtherMoves.map((gap) =>
            `${gap!.millis}${gap!.because === "given" ? "" : ` (${gap!.because})`}`
          )
          const leaveGaps = gapsOfLeave.map((gap) => gap!.millis)
          const { duplicates, unstoredAtKill, written } = judgement
          yield* Effect.promise(() =>
            annotate(
              `${written} written, ${duplicates} duplicates of ${unstoredAtKill} unstored; without a reader after the kill ` +
                `${killGaps.join(", ")} ms, after the leave ${leaveGaps.join(", ")} ms, at other hand-offs ${
                  otherGaps.join(", ")
                } ms; left in ${leaving} ms; a call took up to ${Math.max(...calls)} ms`
            )
          )

          assert.isAbove(judgement.written, 2_000)
          assert.deepInclude(judgement, { handled: judgement.written, lost: 0, reordered: 0, beforeParents: 0 })
          assert.strictEqual(judgement.duplicates, judgement.duplicatesAfterKill, "only what the kill left unstored")
          assert.isAtMost(judgement.duplicates, judgement.unstoredAtKill)
          assert.isTrue(inTurn(history))
          assert.strictEqual(ofSplit.length, 2)
          assert.strictEqual(ofMerge.length, 1)
          assert.deepStrictEqual(history.parents.get(ofMerge[0]!), [second!.shardId, third!.shardId])

          assert.strictEqual(killGaps.length, 2)
          assert.isTrue(killGaps.every((millis) => millis > leaseMillis / 2), String(killGaps))
          assert.isTrue(killGaps.every((millis) => millis < 3 * leaseMillis), String(killGaps))
          assert.isAbove(leaveGaps.length, 1)
          const slowed = callsOfHandoff * Math.max(...calls)
          assert.isTrue(leaveGaps.every((millis) => millis < 1_000 + slowed), `${leaveGaps}, slowed by ${slowed}`)

          assert.strictEqual(killed.state, "killed")
          const survivors = workers.filter((worker) => worker !== killed)
          assert.isTrue(survivors.every(({ state }) => state === "left"), "with code 0, by themselves")
          assert.isTrue(survivors.every(({ farewell }) => farewell?.cut === 0))
          assert.strictEqual(survivors.length, others.length + 2)
          pids.push(...workers.map(({ pid }) => pid))
        }))
        assert.isTrue(pids.every(isGone), "no process is left")
      })
  )

  it.live("a second SIGTERM waits for no handler", () =>
    Effect.gen(function*() {
      const { history, join, leave, until, write } = yield* Fleets.make({
        ...options,
        shardCount: 1,
        orderMillis: 60_000
      })
      const worker = yield* join
      yield* Effect.fork(write)
      yield* until("it reads", patience, () =>
        History.heldBy(history, worker.name).some(({ lastReadAt }) =>
          lastReadAt !== undefined
        ))
      yield* Effect.sleep("500 millis")
      const leaving = yield* Effect.fork(leave(worker))
      yield* Effect.sleep("500 millis")
      assert.strictEqual(worker.state, "leaving")
      yield* worker.child.kill("SIGTERM")
      assert.isBelow(yield* Fiber.join(leaving), 3_000)
      assert.deepStrictEqual(worker.farewell && [worker.farewell.drained, worker.farewell.cut], [0, 8])
      assert.strictEqual(history.handled.length, 0)
    }).pipe(Effect.scoped))
})
