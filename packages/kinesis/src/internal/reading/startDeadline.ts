import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ExpiredListToken, KinesisError } from "../../KinesisError.js"
import { RequestTimeout } from "../../KinesisError.js"

/** A way to make calls, such as `Retry.retrying`. */
export type Attempt = <A, E extends KinesisError | ExpiredListToken>(
  call: Effect.Effect<A, E>
) => Effect.Effect<A, E | KinesisError>

/** What cannot begin in the time that was set fails with the last reason: an outage is not an empty stream. */
export const within = <A>(
  millis: number,
  stream: string,
  attempt: Attempt,
  begin: (attempt: Attempt) => Effect.Effect<A, KinesisError>
): Effect.Effect<A, KinesisError> =>
  millis === Infinity ? begin(attempt) : Effect.suspend(() => {
    let last: KinesisError | ExpiredListToken | undefined
    const remembering: Attempt = (call) =>
      attempt(Effect.suspend(() => {
        last = undefined
        return Effect.tapError(call, (error) =>
          Effect.sync(() => {
            last = error
          }))
      }))
    return Effect.timeoutFail(begin(remembering), {
      duration: millis,
      onTimeout: () =>
        last === undefined || last._tag === "ExpiredListToken"
          ? new RequestTimeout({
            operation: "ListShards",
            stream,
            description: `reading could not begin in the ${Duration.format(Math.round(millis))} set for it`
          })
          : last
    })
  })
