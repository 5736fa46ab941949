import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { HandlerError } from "../../KinesisError.js"
import type { Position } from "../../Position.js"
import * as Checkpoint from "../lease/checkpoint.js"
import * as Progress from "../lease/progress.js"
import type { State } from "./shardState.js"

/** Waits until a shard whose handler failed should be read again; returns false if the policy gives up or the shard should stop. */
export type Restarts = (error: HandlerError) => Effect.Effect<boolean>

/** Restarts as often as the policy says. Its schedule starts over if the shard got further than at its last failure. */
export const make = ({ options: { work: { onFailure } }, progress, stopping }: State): Effect.Effect<Restarts> =>
  Effect.gen(function*() {
    if (onFailure._tag !== "Restart") return () => Effect.succeed(false)
    const driver = yield* Schedule.driver(onFailure.schedule)
    let failedAt: Position | undefined
    return (error: HandlerError) =>
      Effect.gen(function*() {
        const reached = Progress.position(progress)
        if (!Checkpoint.isSame(failedAt, reached)) yield* driver.reset
        failedAt = reached
        return yield* Effect.raceFirst(
          Effect.match(driver.next(error), { onSuccess: () => true, onFailure: () => false }),
          Effect.as(Deferred.await(stopping), false)
        )
      })
  })
