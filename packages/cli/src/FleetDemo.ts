import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fleets from "./fleet/Fleet.js"
import * as History from "./fleet/History.js"
import * as View from "./fleet/View.js"
import * as Terminal from "./Terminal.js"

export interface Options {
  readonly totalMillis: number
  readonly json: boolean
}

const shardCount = 8
const workerCount = 4

/** Half of the default: a demonstration is to be short. */
const leaseMillis = 5_000

const customers = 40

/** How long each of the steps may take. */
const patienceMillis = 30_000

const eventLines = 12

/**
 * Workers share a stream while one is killed, one leaves, one joins and a shard is split; then what they handled is held against what was
 * written.
 */
export const run = ({ json, totalMillis }: Options) =>
  Effect.gen(function*() {
    const events: Array<string> = []
    let fleet: Fleets.Fleet | undefined
    let startedAt: number | undefined
    const view = Effect.map(Clock.currentTimeMillis, (now): View.View => ({
      elapsedMillis: now - (startedAt ?? now),
      totalMillis,
      workers: fleet?.workers ?? [],
      history: fleet?.history ?? History.begin(),
      events: events.slice(-eventLines)
    }))
    const terminal = yield* Terminal.make({
      json,
      screen: () => Effect.map(view, View.screen),
      progress: () => Effect.map(view, (view) => [View.progress(view)])
    })
    const say = (line: string) =>
      Effect.flatMap(view, ({ elapsedMillis }) => {
        events.push(`${View.seconds(elapsedMillis)}  ${line}`)
        return terminal.say(line)
      })
    const at = (share: number) =>
      Effect.flatMap(view, ({ elapsedMillis }) => Effect.sleep(Math.max(0, share * totalMillis - elapsedMillis)))

    yield* say("starting kinesis-local and dynalite on 127.0.0.1")
    const {
      failed,
      history,
      join,
      kill,
      leave,
      openShards,
      split,
      until,
      workers,
      write
    } = fleet = yield* Fleets.make({
      shardCount,
      customers,
      leaseMillis,
      balanceMillis: 1_000,
      discoveryMillis: 500,
      orderMillis: 2
    })
    yield* say(`starting ${workerCount} workers; a lease lasts ${View.seconds(leaseMillis)}`)
    for (let count = 0; count < workerCount; count++) yield* join
    const shared = (least: number) => () =>
      workers.every(({ name, state }) => state !== "reading" || History.heldBy(history, name).length >= least)
    const reading = () => workers.every(({ state }) => state !== "starting")
    yield* until("each worker has its share", patienceMillis, () => reading() && shared(shardCount / workerCount)())
    startedAt = yield* Clock.currentTimeMillis

    const writing = yield* Effect.fork(write)
    const scenario = Effect.gen(function*() {
      const [first, second] = workers as ReadonlyArray<Fleets.Worker> as readonly [Fleets.Worker, Fleets.Worker]
      yield* at(0.15)
      yield* say(
        `SIGKILL to ${first.name} (pid ${first.pid}), which has ${
          History.heldBy(history, first.name).map(({ shardId }) => View.shortId(shardId)).join(" and ")
        }`
      )
      yield* kill(first)
      const afterKill = () => History.gaps(history, "Killed")
      yield* until("what the killed worker had is read again", patienceMillis, () => !afterKill().includes(undefined))
      yield* say(`read again: ${View.describeGaps(afterKill())}`)

      yield* at(0.45)
      yield* say(`SIGTERM to ${second.name} (pid ${second.pid})`)
      const since = yield* Clock.currentTimeMillis
      const afterLeave = () => History.gaps(history, "Released", { worker: second.name, since })
      const millis = yield* leave(second)
      yield* say(`${second.name} has left in ${View.seconds(millis)}, with code 0`)
      yield* until("what the worker gave up is read", patienceMillis, () => !afterLeave().includes(undefined))
      const gapsOfLeave = afterLeave()
      yield* say(`read on: ${View.describeGaps(gapsOfLeave)}`)

      yield* at(0.6)
      const joined = yield* join
      yield* say(`${joined.name} (pid ${joined.pid}) joins`)
      yield* until("the new worker has its share", patienceMillis, () => shared(2)() && joined.state === "reading")
      yield* say(`${joined.name} has its share: ${
        History.heldBy(history, joined.name).map(({ shardId }) => View.shortId(shardId)).join(" and ")
      }`)

      yield* at(0.75)
      const parent = (yield* openShards)[0]!
      const children = yield* split(parent)
      yield* say(`shard ${View.shortId(parent.shardId)} is split into ${children.map(View.shortId).join(" and ")}`)
      yield* until("the children are read", patienceMillis, () =>
        children.every((child) =>
          history.tenures.some((tenure) =>
            tenure.shardId === child && tenure.firstReadAt !== undefined
          )
        ))
      yield* at(1)
      return gapsOfLeave
    })
    const gapsOfLeave = yield* Effect.raceFirst(
      scenario,
      Effect.raceFirst(failed, Effect.zipRight(Fiber.join(writing), Effect.never))
    )
    yield* Fiber.interrupt(writing)
    yield* until("the rest is handled", patienceMillis, () =>
      History.unhandled(history).length === 0).pipe(
        Effect.catchTag("NotInTime", ({ message }) =>
          say(message))
      )
    const last = workers.filter(({ state }) =>
      state === "reading"
    )
    yield* Effect.forEach(last, leave, { concurrency: "unbounded", discard: true })
    yield* say(`${last.map(({ name }) => name).join(", ")} have left, with code 0`)

    const summary: View.Summary = {
      ...History.judge(history),
      gapAfterKillMillis: History.longest(History.gaps(history, "Killed")) ?? null,
      gapAfterLeaveMillis: History.longest(gapsOfLeave) ?? null
    }
    yield* terminal.finish(View.summary(summary), summary)
    return { isExact: View.isExact(summary), message: View.summary(summary).join("; ") }
  }).pipe(Effect.scoped)
