import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Service } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import * as Position from "../../Position.js"
import type { Emit } from "./emit.js"

/** A position, or a word or a date for one. */
export type StartPosition = "trim-horizon" | "latest" | Date | Position.Position

export const toPosition = (from: StartPosition): Position.Position =>
  from === "trim-horizon"
    ? Position.trimHorizon
    : from === "latest"
    ? Position.latest
    : from instanceof Date
    ? Position.atTimestamp(from)
    : from

/** LATEST, as it is at this moment, in milliseconds since the epoch. */
export const latestAt = (timestamp: number): Position.Startable => ({
  _tag: "AtTimestamp",
  timestamp,
  standsFor: "Latest"
})

const hour = 3_600_000

/**
 * The start of a run, settled once: LATEST becomes the present instant, so that no wait and no expired iterator can skip a record, and
 * an instant before the retention period becomes the oldest record, with a warning. Who may not describe the stream gets no warning;
 * the service clamps by itself.
 */
export const resolve = (
  client: Service,
  stream: string,
  from: StartPosition,
  emit: Emit,
  retrying: <A>(call: Effect.Effect<A, KinesisError>) => Effect.Effect<A, KinesisError>
): Effect.Effect<Position.Position, KinesisError> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const position = toPosition(from)
    if (position._tag === "Latest") return Position.atTimestamp(now)
    if (position._tag !== "AtTimestamp") return position
    const summary = yield* retrying(client.describeStreamSummary({ stream })).pipe(
      Effect.catchTag("AccessDenied", () => Effect.succeed(undefined))
    )
    if (summary === undefined) return position
    const { retentionPeriodHours } = summary
    if (position.timestamp >= now - retentionPeriodHours * hour) return position
    yield* emit(KinesisEvent.StartClamped({ requested: position.timestamp, retentionPeriodHours }))
    yield* Effect.logWarning(
      `${stream}: the start ${new Date(position.timestamp).toISOString()} lies before the retention period of ` +
        `${retentionPeriodHours} hours; reading from the oldest record`
    )
    return Position.trimHorizon
  })
