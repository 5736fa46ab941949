import { isFinished } from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { change, epoch, look, pick, sleepUntil, type StreamWorld, writeAll } from "../stream.js"
import { crash, start } from "./members.js"
import { nameOf } from "./names.js"
import type { Action, FleetAction } from "./scenario.js"
import { disturb, isUp, type Member, type World } from "./world.js"

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
const retire = ({ notes }: World, place: StreamWorld, part: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, stream } = place
    const shards = yield* look(place)
    const listed = new Set(shards.map((shard) => shard.shardId))
    const shard = pick(
      shards.filter(({ adjacentParentShardId, parentShardId, shardId }) => {
        const lease = notes.table.get(nameOf(stream, shardId))
        return lease !== undefined && isFinished(lease) && !listed.has(parentShardId!) &&
          !listed.has(adjacentParentShardId!)
      }),
      part
    )
    if (shard === undefined) return
    notes.count("shard left retention")
    yield* local.expireShard({ stream, shardId: shard.shardId })
  })

const act = (
  world: World,
  place: StreamWorld,
  action: Exclude<Action, { readonly _tag: "Write" }>
): Effect.Effect<unknown> => {
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
      return retire(world, place, action.shard)
    case "ThrottleTable":
      return table.throttle({ times: action.times })
    case "FailTable":
      return table.fail({
        times: action.times,
        error: new LeaseStoreError({ operation: "LeaseStore", reason: "Unavailable", description: "An outage." })
      })
    case "LoseTableAnswer":
      return table.loseAnswer({ times: action.times })
    case "HangTable":
      return table.hang({ times: action.times })
    case "DelayTable": {
      return table.delay({ times: action.times, duration: action.millis })
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
      return change(place, action)
  }
}

/** All steps in their order; what lasts goes on beside the others. From the last one on all is well. */
export const unfold = (world: World): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes, places, scenario, table } = world
    const { healAt, steps } = scenario
    const writing = Effect.forEach(
      places,
      (each, index) => writeAll(each, steps.filter(({ place }) => place === index)),
      { discard: true, concurrency: "unbounded" }
    )
    const meddling = Effect.forEach(
      steps,
      ({ action, at, place }) =>
        action._tag === "Write"
          ? Effect.void
          : Effect.delay(Effect.suspend(() => act(world, places[place]!, action)), at),
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
