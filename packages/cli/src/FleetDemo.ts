import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fleets from "./fleet/Fleet.js"
import * as FleetView from "./fleet/FleetView.js"
import * as History from "./fleet/History.js"
import * as Format from "./Format.js"
import * as Terminal from "./Terminal.js"

export interface Options {
  readonly totalMillis: number
  /** Whether the workers subscribe to their shards, in place of polling them. */
  readonly fanOut: boolean
  readonly json: boolean
}

const shardCount = 8
const workerCount = 4

/** Half of the default, to keep the demonstration short. */
const leaseMillis = 5_000

const customers = 40

/** How long each of the steps may take. */
const patienceMillis = 30_000

const eventLines = 12

/** The context shared by the steps of the demonstration. */
interface Stage {
  readonly fanOut: boolean
  readonly fleet: Fleets.Fleet
  readonly say: (line: string) => Effect.Effect<void>
  /** Waits for a fraction of the demonstration's duration. */
  readonly at: (share: number) => Effect.Effect<void>
}

/**
 * Workers share a stream while one is killed, one leaves, one joins and a shard is split; then what they handled is compared with what was
 * written.
 */
export const run = ({ fanOut, json, totalMillis }: Options) =>
  Effect.gen(function*() {
    const events: Array<string> = []
    let fleet: Fleets.Fleet | undefined
    let startedAt: number | undefined
    const view = Effect.map(Clock.currentTimeMillis, (now): FleetView.FleetView => ({
      elapsedMillis: now - (startedAt ?? now),
      totalMillis,
      workers: fleet?.workers ?? [],
      history: fleet?.history ?? History.begin(),
      events: events.slice(-eventLines)
    }))
    const terminal = yield* Terminal.make({
      json,
      screen: (size) => Effect.map(view, (view) => FleetView.screen(view, size)),
      progress: () => Effect.map(view, (view) => [FleetView.progress(view)])
    })
    const say = (line: string) =>
      Effect.flatMap(view, ({ elapsedMillis }) => {
        events.push(`${Format.seconds(elapsedMillis)}  ${line}`)
        return terminal.say(line)
      })
    const at = (share: number) =>
      Effect.flatMap(view, ({ elapsedMillis }) => Effect.sleep(Math.max(0, share * totalMillis - elapsedMillis)))

    yield* say("starting a Kinesis of our own and dynalite on 127.0.0.1")
    fleet = yield* Fleets.make({
      shardCount,
      customers,
      leaseMillis,
      balanceMillis: 1_000,
      discoveryMillis: 500,
      orderMillis: 2,
      fanOut
    })
    const stage: Stage = { fanOut, fleet, say, at }
    yield* startWorkers(stage)
    startedAt = yield* Clock.currentTimeMillis
    const gapsOfLeave = yield* whileWriting(stage, steps(stage))
    yield* endWorkers(stage)
    const summary = summaryOf(fleet, gapsOfLeave)
    yield* terminal.finish(FleetView.summary(summary), summary)
    return { isExact: FleetView.isExact(summary), message: FleetView.summary(summary).join("; ") }
  }).pipe(Effect.scoped)

const shardsOf = (history: History.History, { name }: Fleets.Worker): string =>
  History.heldBy(history, name).map(({ shardId }) => FleetView.shortId(shardId)).join(" and ")

const isShared = ({ history, workers }: Fleets.Fleet, least: number) => () =>
  workers.every(({ name, state }) => state !== "reading" || History.heldBy(history, name).length >= least)

const isSubscribed = ({ history, workers }: Fleets.Fleet): boolean =>
  workers.every(({ name }) => History.heldBy(history, name).every(({ isSubscribed }) => isSubscribed))

const startWorkers = ({ fanOut, fleet, say }: Stage) =>
  Effect.gen(function*() {
    const how = fanOut ? " that read by fan-out" : ""
    yield* say(`starting ${workerCount} workers${how}; a lease lasts ${Format.seconds(leaseMillis)}`)
    for (let count = 0; count < workerCount; count++) yield* fleet.join
    const shared = isShared(fleet, shardCount / workerCount)
    const reading = () => fleet.workers.every(({ state }) => state !== "starting")
    yield* fleet.until("each worker has its share", patienceMillis, () => reading() && shared())
    if (!fanOut) return
    yield* fleet.until("each shard is subscribed to", patienceMillis, () => isSubscribed(fleet))
    yield* say("each shard is subscribed to")
  })

/** Runs the steps while orders are written; a worker that fails ends them. */
const whileWriting = <A, E>({ fleet }: Stage, steps: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const writing = yield* Effect.fork(fleet.write)
    const outcome = yield* Effect.raceFirst(
      steps,
      Effect.raceFirst(fleet.failed, Effect.zipRight(Fiber.join(writing), Effect.never))
    )
    yield* Fiber.interrupt(writing)
    return outcome
  })

/** Returns how long nobody read the shards of the worker that left. */
const steps = (stage: Stage) =>
  Effect.gen(function*() {
    const { at, fleet } = stage
    const [first, second] = fleet.workers as ReadonlyArray<Fleets.Worker> as readonly [Fleets.Worker, Fleets.Worker]
    yield* at(0.15)
    yield* killWorker(stage, first)
    yield* at(0.45)
    const gapsOfLeave = yield* letLeave(stage, second)
    yield* at(0.6)
    yield* letJoin(stage)
    yield* at(0.75)
    yield* splitShard(stage)
    yield* at(1)
    return gapsOfLeave
  })

const killWorker = ({ fleet: { history, kill, until }, say }: Stage, worker: Fleets.Worker) =>
  Effect.gen(function*() {
    yield* say(`SIGKILL to ${worker.name} (pid ${worker.pid}), which has ${shardsOf(history, worker)}`)
    yield* kill(worker)
    const gaps = () => History.gaps(history, "Killed")
    yield* until("what the killed worker had is read again", patienceMillis, () => !gaps().includes(undefined))
    yield* say(`read again: ${FleetView.describeGaps(gaps())}`)
  })

const letLeave = ({ fleet: { history, leave, until }, say }: Stage, worker: Fleets.Worker) =>
  Effect.gen(function*() {
    yield* say(`SIGTERM to ${worker.name} (pid ${worker.pid})`)
    const since = yield* Clock.currentTimeMillis
    const gaps = () => History.gaps(history, "Released", { worker: worker.name, since })
    const millis = yield* leave(worker)
    yield* say(`${worker.name} has left in ${Format.seconds(millis)}, with code 0`)
    yield* until("what the worker gave up is read", patienceMillis, () => !gaps().includes(undefined))
    const gapsOfLeave = gaps()
    yield* say(`read on: ${FleetView.describeGaps(gapsOfLeave)}`)
    return gapsOfLeave
  })

const letJoin = ({ fleet, say }: Stage) =>
  Effect.gen(function*() {
    const joined = yield* fleet.join
    yield* say(`${joined.name} (pid ${joined.pid}) joins`)
    const shared = isShared(fleet, 2)
    yield* fleet.until("the new worker has its share", patienceMillis, () => shared() && joined.state === "reading")
    yield* say(`${joined.name} has its share: ${shardsOf(fleet.history, joined)}`)
  })

const splitShard = ({ fleet: { history, openShards, split, until }, say }: Stage) =>
  Effect.gen(function*() {
    const parent = (yield* openShards)[0]!
    const children = yield* split(parent)
    yield* say(
      `shard ${FleetView.shortId(parent.shardId)} is split into ${children.map(FleetView.shortId).join(" and ")}`
    )
    const isRead = (child: string) =>
      history.ownerships.some((ownership) => ownership.shardId === child && ownership.firstReadAt !== undefined)
    yield* until("the children are read", patienceMillis, () => children.every(isRead))
  })

const endWorkers = ({ fleet: { history, leave, until, workers }, say }: Stage) =>
  Effect.gen(function*() {
    yield* until("the rest is handled", patienceMillis, () => History.unhandled(history).length === 0).pipe(
      Effect.catchTag("NotInTime", ({ message }) => say(message))
    )
    const last = workers.filter(({ state }) => state === "reading")
    yield* Effect.forEach(last, leave, { concurrency: "unbounded", discard: true })
    yield* say(`${last.map(({ name }) => name).join(", ")} have left, with code 0`)
  })

const summaryOf = (
  { history }: Fleets.Fleet,
  gapsOfLeave: ReadonlyArray<History.Gap | undefined>
): FleetView.Summary => ({
  ...History.judge(history),
  gapAfterKillMillis: History.longest(History.gaps(history, "Killed")) ?? null,
  gapAfterLeaveMillis: History.longest(gapsOfLeave) ?? null
})
