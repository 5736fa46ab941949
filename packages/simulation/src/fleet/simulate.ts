import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import * as LocalLeaseStore from "@effect-kinesis/local/LocalLeaseStore"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import { isFinished, type Lease } from "effect-kinesis/LeaseStore"
import { holder } from "effect-kinesis/LeaseTransition"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Written } from "../history.js"
import { recordId } from "../history.js"
import * as Random from "../random.js"
import { change, epoch, look, makeWriter, numberOf, pick, sleepUntil, stream } from "../stream.js"
import * as VirtualTime from "../virtualTime.js"
import { type History, isHandled } from "./history.js"
import * as Process from "./process.js"
import type { Action, FleetAction, Member as Planned, Scenario } from "./scenario.js"
import * as Worker from "./worker.js"
import { disturb, isStaffed, isUp, makeNotes, type Member, type World } from "./world.js"

const maxWakeUps = 500_000
const readDeadline = 5_000

/** A new process with a worker, which is started again when it fails. */
const start = (world: World, { uptimeMillis, wallMillis }: Planned): Effect.Effect<Member> =>
  Effect.gen(function*() {
    const { base, members, notes, random, scenario } = world
    const process = Process.make({ base, uptimeMillis, wallMillis, order: scenario.shuffled ? random : undefined })
    const life: Member["life"] = {
      index: members.length,
      started: notes.moment(),
      asked: undefined,
      end: undefined,
      pauses: [],
      steps: []
    }
    const member: Member = {
      process,
      life,
      held: new Map(),
      cut: undefined,
      hasTable: false,
      fiber: undefined,
      shutdown: undefined
    }
    members.push(member)
    disturb(world)
    notes.write(() => `== w${life.index} starts`)
    const fiber = yield* Effect.forkDaemon(Worker.run(world, member))
    member.fiber = fiber
    const ended = Effect.flatMap(Fiber.await(fiber), (exit) => {
      Worker.ended(world, member, exit)
      return life.end?.how === "failed"
        ? Effect.delay(start(world, { uptimeMillis, wallMillis }), scenario.restartMillis)
        : Effect.void
    })
    yield* Effect.forkDaemon(ended)
    return member
  })

const crash = (world: World, { life, process }: Member): Effect.Effect<void> =>
  Effect.zipRight(
    process.kill,
    Effect.sync(() => {
      life.end = { moment: world.notes.moment(), how: "crashed", reason: "" }
      disturb(world)
      world.notes.count("worker crashed")
    })
  )

/** What it does to the worker that was picked. */
const meet = (
  world: World,
  member: Member,
  action: Extract<FleetAction, { readonly worker: number }>
): Effect.Effect<unknown> => {
  const { notes, scenario } = world
  const { life, process } = member
  const left = Math.max(0, epoch + scenario.healAt - notes.now())
  switch (action._tag) {
    case "Crash":
      return Effect.gen(function*() {
        yield* crash(world, member)
        if (action.downMillis === undefined) return
        yield* Effect.sleep(action.downMillis)
        notes.count("worker started after a crash")
        yield* start(world, { wallMillis: 0, uptimeMillis: 0 })
      })
    case "Leave": {
      life.asked = notes.moment()
      notes.count(`worker asked to leave: ${action.how}`)
      const { shutdown } = member
      const ask = (drainMillis: number | undefined) =>
        shutdown === undefined
          ? Fiber.interruptFork(member.fiber!)
          : Effect.asVoid(Effect.forkDaemon(Effect.withClock(shutdown(drainMillis), process.clock)))
      const leave = action.how === "interrupt" ? Fiber.interruptFork(member.fiber!) : ask(undefined)
      const hurry = action.hurryAfter === undefined ? Effect.void : Effect.delay(
        Effect.suspend(() => {
          notes.count("worker hurried")
          return ask(0)
        }),
        action.hurryAfter
      )
      return Effect.zipRight(leave, hurry)
    }
    case "Pause": {
      const millis = Math.min(action.millis, left)
      notes.count(
        `${action.isAsleep ? "sleep" : "pause"} ${millis < scenario.leaseMillis ? "shorter" : "longer"} than the lease`
      )
      life.pauses.push({ from: notes.now(), to: notes.now() + millis })
      return Effect.zipRight(process.pause(millis, action.isAsleep), Effect.sync(() => disturb(world)))
    }
    case "Partition":
      member.cut = action.how
      return Effect.delay(
        Effect.sync(() => {
          member.cut = undefined
          disturb(world)
        }),
        Math.min(action.millis, left)
      )
    case "StepClock":
      return Effect.sync(() => {
        notes.count("clock stepped")
        life.steps.push(notes.now())
        process.stepWall(action.millis)
      })
  }
}

/** A closed shard that was read to its end leaves retention. */
const retire = (world: World, part: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes } = world
    const shards = yield* look(world)
    const listed = new Set(shards.map((shard) => shard.shardId))
    const shard = pick(
      shards.filter(({ adjacentParentShardId, parentShardId, shardId }) => {
        const lease = notes.table.get(shardId)
        return lease !== undefined && isFinished(lease) && !listed.has(parentShardId!) &&
          !listed.has(adjacentParentShardId!)
      }),
      part
    )
    if (shard === undefined) return
    notes.count("shard left retention")
    yield* local.expireShard({ stream, shardId: shard.shardId })
  })

const act = (world: World, action: Exclude<Action, { readonly _tag: "Write" }>): Effect.Effect<unknown> => {
  const { members, notes, table } = world
  switch (action._tag) {
    case "Join":
    case "RetireShard":
    case "ThrottleTable":
    case "FailTable":
    case "LoseTableAnswer":
    case "HangTable":
    case "DelayTable":
    case "Leave":
    case "Crash":
    case "Pause":
    case "Partition":
    case "StepClock":
      notes.write(() => `-- ${JSON.stringify(action)}`)
  }
  switch (action._tag) {
    case "Join":
      notes.count("worker joined")
      return start(world, action.member)
    case "RetireShard":
      return retire(world, action.shard)
    case "ThrottleTable":
      return table.throttle(action)
    case "FailTable":
      return table.fail({
        ...action,
        error: new ServiceUnavailable({ operation: "LeaseStore", description: "An outage." })
      })
    case "LoseTableAnswer":
      return table.loseAnswer(action)
    case "HangTable":
      return table.hang(action)
    case "DelayTable": {
      return table.delay({ ...action, duration: action.millis })
    }
    case "Leave":
    case "Crash":
    case "Pause":
    case "Partition":
    case "StepClock": {
      const member = pick(
        members.filter((member) =>
          isUp(member) && !member.process.isPaused() && member.life.asked === undefined && member.cut === undefined
        ),
        action.worker
      )
      if (member === undefined) return Effect.void
      notes.write(() => `-- that is w${member.life.index}`)
      return meet(world, member, action)
    }
    default:
      return change(world, action)
  }
}

/** All steps in their order; what lasts goes on beside the others. From the last one on all is well. */
const unfold = (world: World): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes, scenario, table } = world
    const { healAt, steps } = scenario
    const write = makeWriter(world)
    const writing = Effect.forEach(
      steps,
      ({ action, at }) => action._tag === "Write" ? Effect.zipRight(sleepUntil(at), write(action)) : Effect.void,
      { discard: true }
    )
    const meddling = Effect.forEach(
      steps,
      ({ action, at }) =>
        action._tag === "Write" ? Effect.void : Effect.delay(Effect.suspend(() => act(world, action)), at),
      { discard: true, concurrency: "unbounded" }
    )
    const healing = Effect.zipRight(
      sleepUntil(healAt),
      Effect.gen(function*() {
        notes.isHealed = true
        yield* local.clearFaults
        yield* table.clearFaults
        disturb(world)
        notes.write(() => "-- all is well from here on")
      })
    )
    yield* Effect.all([writing, meddling, healing], { concurrency: "unbounded", discard: true })
    while (!world.members.some((member) => isUp(member) && member.life.asked === undefined)) {
      yield* start(world, { wallMillis: 0, uptimeMillis: 0 })
    }
  })

/** What must still be handled. */
const outstanding = ({ local, notes }: World): Effect.Effect<number> =>
  Effect.map(local.records(stream), (records) => {
    const handled = new Set(
      notes.handlings.filter(isHandled).map(({ sequenceNumber, shardId }) => recordId(shardId, sequenceNumber))
    )
    return records.filter(({ sequenceNumber, shardId, trimmed }) =>
      !trimmed && !handled.has(recordId(shardId, sequenceNumber))
    )
      .length
  })

const overlaps = ({ hashKeyRange: a }: Lease, { hashKeyRange: b }: Lease): boolean =>
  a !== undefined && b !== undefined &&
  BigInt(a.startingHashKey) <= BigInt(b.endingHashKey) && BigInt(b.startingHashKey) <= BigInt(a.endingHashKey)

/** Leases of shards that can be read now. */
const readable = ({ notes }: World): ReadonlyArray<Lease> => {
  const unfinished = [...notes.table.values()].filter((lease) => !isFinished(lease))
  return unfinished.filter((lease) =>
    !unfinished.some((other) =>
      lease.parentShardIds.includes(other.shardId) || (other.shardId < lease.shardId && overlaps(other, lease))
    )
  )
}

/** The living worker that reads the shard, if there is one. */
const ownerOf = ({ members }: World, lease: Lease): Member | undefined => {
  const index = Number(/^w(\d+)-/.exec(holder(lease) ?? "")?.[1] ?? -1)
  const member = members[index]
  return member !== undefined && isUp(member) && member.held.has(lease.shardId) ? member : undefined
}

/** Watches from the moment when all is well: which shards have no living owner, and for how long. */
const watchOver = (world: World): Effect.Effect<never> => {
  const since = new Map<string, number>()
  const { notes } = world
  return Effect.forever(Effect.zipRight(
    Effect.sync(() => {
      const owed = isStaffed(world) ? readable(world) : []
      const orphans = new Set(
        owed.filter((lease) => ownerOf(world, lease) === undefined).map(({ leaseKey }) => leaseKey)
      )
      for (const [leaseKey, from] of since) {
        if (orphans.has(leaseKey)) continue
        since.delete(leaseKey)
        notes.orphans.push({ leaseKey, from, to: notes.now() })
      }
      for (const leaseKey of orphans) if (!since.has(leaseKey)) since.set(leaseKey, notes.now())
    }),
    Effect.sleep(250)
  ))
}

/** Waits until all was read and the shares have had the time to become even. Gives why that did not come. */
const live = (world: World): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const { notes, scenario } = world
    for (const [startsAt, member] of scenario.members) {
      yield* Effect.fork(Effect.delay(start(world, member), startsAt))
    }
    yield* unfold(world)
    yield* Effect.fork(watchOver(world))
    const written = (yield* world.local.records(stream)).length
    const patience = 120_000 + 10 * scenario.leaseMillis + 3 * scenario.slowMillis + written * scenario.pollMillis
    const deadline = notes.now() + patience
    while ((yield* outstanding(world)) > 0) {
      if (notes.now() > deadline) return `${yield* outstanding(world)} records are left after ${patience / 1000} s`
      yield* Effect.sleep(2_000)
    }
    const isLeaving = (member: Member) => isUp(member) && member.life.asked !== undefined
    while (world.members.some(isLeaving) && notes.now() < deadline) yield* Effect.sleep(1_000)
    const settling = 2 * scenario.leaseMillis + 5 * 1.2 * scenario.balanceMillis + 1_000
    yield* Effect.sleep(settling)
    while (notes.now() < notes.lastDisturbance + settling) yield* Effect.sleep(1_000)
    return undefined
  })

const toWritten = ({ approximateArrivalTimestamp, ...record }: LocalKinesis.WrittenRecord): Written => ({
  shardId: record.shardId,
  sequenceNumber: record.sequenceNumber,
  key: record.partitionKey ?? "",
  number: numberOf(record),
  arrival: approximateArrivalTimestamp!.getTime(),
  trimmedAt: undefined
})

const makeWorld = (scenario: Scenario, verbose: boolean): Effect.Effect<World> =>
  Effect.gen(function*() {
    const base = yield* VirtualTime.clock
    const kinesis = yield* LocalKinesis.make({
      streams: [{ name: stream, shardCount: scenario.shardCount }],
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      getRecordsTimeout: readDeadline,
      requestTimeout: readDeadline
    })
    const { local: table, store } = yield* LocalLeaseStore.make({ latency: scenario.storeLatencyMillis })
    return {
      ...kinesis,
      scenario,
      notes: makeNotes(base, verbose),
      base,
      random: Random.make(scenario.seed, 4),
      store,
      table,
      listTokens: { expiring: 0 },
      members: []
    }
  })

/** How the fleet stands at the end, if nothing moves any more. */
const finish = (world: World) =>
  Effect.gen(function*() {
    const { members, notes, scenario } = world
    const settledAt = notes.now()
    yield* Effect.sleep(3 * scenario.balanceMillis)
    const written = (yield* world.local.records(stream)).map(toWritten)
    const open = (yield* look(world)).filter((shard) => shard.endingSequenceNumber === undefined)
    const owners = readable(world).map((lease) => ownerOf(world, lease))
    const shares = members.filter(isUp).map((member) => owners.filter((owner) => owner === member).length)
    const staffed = isStaffed(world)
    const unowned = open.map(({ shardId }) => shardId).filter((shardId) => {
      if (!staffed) return false
      const lease = notes.table.get(shardId)
      return lease === undefined || ownerOf(world, lease) === undefined
    })
    for (const { process } of members) yield* process.kill
    for (const { process } of members) yield* process.bury
    return { settledAt, written, shares, unowned }
  })
/** Calls that had waited for too long when their process died. */
const cutShort = ({ members, notes, scenario }: World) =>
  [...notes.asking].flatMap(({ process, sentAt }) => {
    const { end } = members[process]!.life
    const isLate = end?.how === "crashed" && end.moment.at - sentAt > scenario.storeLatencyMillis
    return isLate ? [{ process, from: sentAt, to: end.moment.at }] : []
  })

/** Lets a scenario happen, from its start to its end, in virtual time. Only a verbose one has a log. */
export const simulate = (scenario: Scenario, options: { readonly verbose?: boolean } = {}): History => {
  let world: World | undefined
  const program = Effect.gen(function*() {
    world = yield* makeWorld(scenario, options.verbose ?? false)
    yield* look(world)
    const problem = yield* live(world)
    return { problem, ...yield* finish(world) }
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  const outcome = VirtualTime.run(program, {
    epoch,
    interleaving: { shuffled: scenario.shuffled, stepsBeforeYield: scenario.stepsBeforeYield },
    random: Random.make(scenario.seed, 5),
    maxWakeUps
  })
  const end = outcome._tag === "Done" && Exit.isSuccess(outcome.exit) ? outcome.exit.value : undefined
  const unfinished = outcome._tag === "Stuck"
    ? "every fiber waits for what will not come"
    : outcome._tag === "Endless"
    ? `no end after time moved ${outcome.wakeUps} times`
    : Exit.isFailure(outcome.exit)
    ? `the simulation failed: ${Cause.pretty(outcome.exit.cause)}`
    : outcome.exit.value.problem
  const { notes } = world!
  return {
    scenario,
    epoch,
    written: end?.written ?? [],
    handlings: notes.handlings,
    tenures: notes.tenures,
    lives: world!.members.map(({ life }) => life),
    rows: notes.rows,
    troubles: [...notes.troubles, ...cutShort(world!)],
    parents: notes.parents,
    lastDisturbance: notes.lastDisturbance,
    orphans: notes.orphans,
    shares: end?.shares ?? [],
    settledAt: end?.settledAt ?? Infinity,
    unowned: end?.unowned ?? [],
    unfinished,
    met: notes.met,
    wakeUps: outcome.wakeUps,
    log: notes.log
  }
}
