import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Service } from "../../KinesisClient.js"
import type { ExpiredListToken, KinesisError } from "../../KinesisError.js"
import {
  isExpiredCredentials,
  isThrottled,
  isTransient,
  isUnavailableResource,
  RequestTimeout
} from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import * as Effects from "../options/effects.js"
import { loggable, printable } from "../text/causes.js"
import type { ReadOptions, Settings } from "./settings.js"

/** Tells of an event: to the metrics, then to the user. */
export type Emit = (event: KinesisEvent) => Effect.Effect<void>

export const emitter = ({ onEvent, stream }: Pick<ReadOptions, "onEvent" | "stream">): Emit => {
  const count = KinesisMetrics.recorder(stream)
  return (event) => {
    count(event)
    return onEvent === undefined ? Effect.void : Effects.called("onEvent", () => onEvent(event)).pipe(
      Effect.catchAllCause((cause) => Effect.logWarning("onEvent failed", loggable(cause)))
    )
  }
}

/** The client, with each attempt of the calls that reading makes counted. */
export const counted = (client: Service, stream: string): Service => {
  const count = KinesisMetrics.attemptRecorder(stream)
  const counting = <Request extends object, A, E>(
    operation: string,
    call: (request: Request) => Effect.Effect<A, E>
  ) =>
  (request: Request & { readonly shardId?: string }) =>
    Effect.suspend(() => {
      count(operation, request.shardId)
      return call(request)
    })
  return {
    ...client,
    listShards: counting("ListShards", client.listShards),
    getShardIterator: counting("GetShardIterator", client.getShardIterator),
    getRecords: counting("GetRecords", client.getRecords),
    describeStreamSummary: counting("DescribeStreamSummary", client.describeStreamSummary)
  }
}

type Called = { readonly _tag: string; readonly operation: string; readonly shardId?: string | undefined }

const report = (emit: Emit) => (error: Called): Effect.Effect<void> => {
  const { operation, shardId } = error
  return isThrottled(error)
    ? emit(KinesisEvent.Throttled({ operation, shardId, error }))
    : isTransient(error) || isUnavailableResource(error)
    ? emit(KinesisEvent.CallFailed({ operation, shardId, error }))
    : Effect.void
}

/** Fails with this at first, and is the call after that. */
const failedWith = <A, E, R>(error: E, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  let isFirst = true
  return Effect.suspend(() => {
    if (!isFirst) return call
    isFirst = false
    return Effect.fail(error)
  })
}

/**
 * Repeats a throttled call by the one schedule, a call that failed for a passing reason by the second, one that the state of the stream or
 * its key refused by the third, and a call whose credentials had expired once, since the SDK asks their provider anew; tells of each attempt. A call that succeeds at once costs nothing of this.
 */
export const retrying =
  (settings: Pick<Settings, "throttleRetry" | "transientRetry" | "resourceRetry">, emit: Emit) =>
  <A, E extends Called, R>(call: Effect.Effect<A, E | KinesisError, R>): Effect.Effect<A, E | KinesisError, R> =>
    Effect.catchAll(call, (error) =>
      failedWith(error, call).pipe(
        Effect.tapError(report(emit)),
        Effect.retry({ times: 1, while: isExpiredCredentials }),
        Effect.retry({ schedule: settings.transientRetry as never, while: isTransient }),
        Effect.retry({ schedule: settings.throttleRetry as never, while: isThrottled }),
        Effect.retry({ schedule: settings.resourceRetry as never, while: isUnavailableResource })
      )) as Effect.Effect<A, E | KinesisError, R>

/** A way to make calls, such as {@link retrying}. */
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
            description: `reading could not begin in the ${Duration.format(millis)} set for it`
          })
          : last
    })
  })

/** Merged streams take an interruption from within for an end; one that nobody outside asked for is a defect. */
export const interruptionAsDefect = <E>(cause: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.isInterrupted(cause)
    ? Cause.die(new Error("reading was interrupted from within", { cause: printable(Cause.squash(cause)) }))
    : cause

/**
 * Milliseconds on a clock that no correction of the time sets back. (The effect `Clock.currentTimeNanos` dies under TestClock between
 * milliseconds.)
 */
export const monotonicMillisOf = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos()) / 1e6

export const monotonicMillis: Effect.Effect<number> = Effect.map(Effect.clock, monotonicMillisOf)
