import { AccessDenied, ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as Effect from "effect/Effect"
import * as Random from "../random.js"
import { change, sleepUntil, stream, targeting } from "../stream.js"
import type { Action } from "./actions.js"
import { flush, type Live } from "./callers.js"
import { idsOf } from "./records.js"
import type { World } from "./world.js"

const unavailable = (operation: string) => new ServiceUnavailable({ operation, stream, description: "An outage." })

/** Some entries, by the numbers of their records: the same ones each time. */
const someEntries = (part: number) => ({ data }: { readonly data: Uint8Array }): boolean =>
  Random.make(idsOf(data)[0]!).next() < part

/** Does one thing of the scenario, as far as the stream allows it by then. */
const act = (world: World, live: Live, action: Action): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes } = world
    switch (action._tag) {
      case "Split":
      case "Merge":
      case "Resize":
        return yield* change(world, action)
      case "Flush":
        return yield* Effect.forkDaemon(flush(world, live))
    }
    yield* notes.say(() => `-- ${JSON.stringify(action)}`)
    switch (action._tag) {
      case "Distribute":
        notes.autoFrom = Math.min(notes.autoFrom, notes.now())
        notes.count("distribution switched")
        return yield* local.distribute({ stream, strategy: action.strategy })
      case "Outage":
        yield* local.fail({ times: Infinity, error: unavailable })
        yield* Effect.sleep(action.millis)
        return yield* local.clearFaults
      case "HideShards": {
        const { operation, times } = action
        return yield* local.fail({ operation, times, error: unavailable })
      }
      case "Deny":
      case "Expire": {
        const reason = action._tag === "Deny" ? "permission" : "expired"
        const error = (operation: string) =>
          new AccessDenied({ operation, description: "No.", action: `kinesis:${operation}`, reason })
        return yield* local.fail({ operation: action.operation, times: action.times, error })
      }
      case "FailKms":
        return yield* local.failKms({ stream, times: action.times, code: action.code })
      case "FailEntries": {
        const { errorCode, part, times } = action
        return yield* local.failEntries({ stream, times, errorCode, entries: someEntries(part) })
      }
      case "OmitEntries":
        return yield* local.omitEntries({ stream, times: action.times, count: action.count })
    }
    const calls = { operation: action.operation, times: action.times, ...targeting(notes)(action.shard) }
    switch (action._tag) {
      case "Throttle":
        return yield* local.throttle(calls)
      case "Hang":
        return yield* local.hang(calls)
      case "LoseAnswer":
        return yield* local.loseAnswer(calls)
      case "Unavailable":
        return yield* local.fail({ ...calls, error: unavailable })
      case "Delay":
        return yield* local.delay({ ...calls, duration: action.millis })
      case "DelayAnswer":
        return yield* local.delayAnswer({ ...calls, duration: action.millis })
      case "Straggle":
        return yield* local.straggle({ ...calls, duration: action.millis })
    }
  })

/** All steps in their order; at the end, all is well. */
export const unfold = (world: World, live: Live): Effect.Effect<void> => {
  const { healAt, steps } = world.scenario
  return Effect.forEach(steps, ({ action, at }) => Effect.zipRight(sleepUntil(at), act(world, live, action)), {
    discard: true
  }).pipe(
    Effect.zipRight(sleepUntil(healAt)),
    Effect.zipRight(world.local.clearFaults),
    Effect.zipRight(world.notes.say(() => "-- all is well from here on"))
  )
}
