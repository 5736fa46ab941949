import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { disconnect } from "./connections.js"
import * as Process from "./process.js"
import type { Machine } from "./scenario.js"
import * as Worker from "./worker.js"
import { disturb, type Member, type World } from "./world.js"

/** A new process with a worker, which is started again when it fails. */
export const start = (world: World, { uptimeMillis, wallMillis }: Machine): Effect.Effect<Member> =>
  Effect.gen(function*() {
    const { base, members, notes, pushRandom, random, scenario } = world
    const process = Process.make({ base, uptimeMillis, wallMillis, order: scenario.shuffled ? random : undefined })
    const life: Member["life"] = {
      index: members.length,
      started: notes.moment(),
      asked: undefined,
      end: undefined,
      pauses: [],
      steps: [],
      isPushed: scenario.pushing !== undefined && pushRandom.chance(scenario.pushing.share)
    }
    const member: Member = {
      process,
      life,
      held: new Map(),
      connections: new Set(),
      cut: undefined,
      hasTable: false,
      fiber: undefined,
      shutdown: undefined
    }
    members.push(member)
    disturb(world)
    if (scenario.pushing !== undefined) notes.count(`worker that is ${life.isPushed ? "pushed" : "not pushed"}`)
    notes.write(() => `== w${life.index} starts${life.isPushed ? ", pushed" : ""}`)
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

/** The process of a worker ends at once. The service finds out now, or does not, about its subscriptions. */
export const crash = (world: World, member: Member): Effect.Effect<void> =>
  Effect.zipRight(
    member.process.kill,
    Effect.suspend(() => {
      const { life } = member
      life.end = { moment: world.notes.moment(), how: "crashed", reason: "" }
      disturb(world)
      world.notes.count("worker crashed")
      return life.isPushed && world.pushRandom.chance(0.5) ? disconnect(member) : Effect.void
    })
  )
