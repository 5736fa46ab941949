import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Process from "./process.js"
import type { Machine } from "./scenario.js"
import * as Worker from "./worker.js"
import { disturb, type Member, type World } from "./world.js"

/** A new process with a worker, which is started again when it fails. */
export const start = (world: World, { uptimeMillis, wallMillis }: Machine): Effect.Effect<Member> =>
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

/** The process of a worker ends at once. */
export const crash = (world: World, { life, process }: Member): Effect.Effect<void> =>
  Effect.zipRight(
    process.kill,
    Effect.sync(() => {
      life.end = { moment: world.notes.moment(), how: "crashed", reason: "" }
      disturb(world)
      world.notes.count("worker crashed")
    })
  )
