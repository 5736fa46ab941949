import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { recordId, startOf } from "./history.js"
import { makeReader } from "./reader.js"
import { epoch, stream } from "./stream.js"
import type { World } from "./world.js"

const maxRestarts = 8

/** What must still be handled: it was written from the start on and is in the stream. */
const outstanding = ({ local, notes, scenario }: World): Effect.Effect<number> =>
  Effect.map(local.records(stream), (records) => {
    const { allFrom } = startOf({ epoch, startedAt: notes.startedAt, scenario, clockFound: notes.clockFound })
    return records.filter(({ approximateArrivalTimestamp, sequenceNumber, shardId, trimmed }) =>
      !trimmed && approximateArrivalTimestamp!.getTime() >= allFrom &&
      !notes.handled.has(recordId(shardId, sequenceNumber))
    ).length
  })

/** The reader's life: the brief runs, and a last one that has to come to the end. Returns why it did not. */
export const live = (world: World, unfolding: Fiber.Fiber<void>): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const { notes, scenario } = world
    const read = makeReader(world)
    yield* Effect.sleep(scenario.startAt)
    for (const planned of scenario.briefRuns) {
      yield* read(planned, Effect.sleep(planned.forMillis), "Crashed")
      yield* Effect.sleep(planned.downMillis)
    }
    const lasts = scenario.lastUntil._tag === "Never"
    if (!lasts) yield* Fiber.await(unfolding)
    let problem: string | undefined
    const complete = Effect.gen(function*() {
      yield* Fiber.await(unfolding)
      const written = (yield* world.local.records(stream)).length
      const slow = scenario.slowPages.reduce((sum, { millis }) => sum + millis, 0)
      const patience = 15 * 60_000 + slow + 4 * scenario.idleMillis +
        written * (scenario.pollMillis + scenario.latencyMillis + scenario.handlerMillis)
      const deadline = (yield* Clock.currentTimeMillis) + patience
      while ((yield* Clock.currentTimeMillis) < deadline) {
        yield* Effect.sleep(5_000)
        if (lasts && (yield* outstanding(world)) === 0) return yield* Effect.sleep(2 * scenario.idleMillis + 1_000)
      }
      const left = yield* outstanding(world)
      problem = `the last run did not ${lasts ? "read" : "end after"} everything in ${
        patience / 60_000
      } minutes: ${left} records are left`
    })
    for (let restarts = 0; restarts < maxRestarts; restarts++) {
      const end = yield* read({ until: scenario.lastUntil, diesAtPage: undefined }, complete, "Stopped")
      if (end._tag !== "Failed") return problem
      yield* Effect.sleep(5_000)
    }
    const end = notes.runs.at(-1)!.run.end
    return `the last run failed again and again: ${end._tag === "Failed" ? end.message : ""}`
  })
