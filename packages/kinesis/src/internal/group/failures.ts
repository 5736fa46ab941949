import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Failed, FailurePolicy } from "../../FailurePolicy.js"
import { HandlerError, type KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as Effects from "../options/effects.js"
import { isPrintable, printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import type { ShardWork } from "./shardWork.js"

const policyName = <E, R>(policy: FailurePolicy<E, R>) =>
  ({ Fail: "fail", Restart: "restart", DeadLetter: "dead-letter", Skip: "skip" } as const)[policy._tag]

/** What was given to a handler: a record, one of the values of a record, or the records of a page. */
export interface Given {
  readonly work: ShardWork
  readonly records: ReadonlyArray<KinesisRecord>
  readonly valueIndex?: number | undefined
  /** Whether it could not be decoded, and no handler is given it. */
  readonly isInvalid?: boolean | undefined
}

const sourceOf = ({ isInvalid = false }: Given): "handler" | "decoder" => isInvalid ? "decoder" : "handler"

const toError = <E>(given: Given, cause: Cause.Cause<E>): HandlerError<E> => {
  const { records, valueIndex, work } = given
  const squashed = Cause.squash(cause)
  return new HandlerError({
    source: sourceOf(given),
    stream: work.stream.name,
    shardId: work.shardId,
    sequenceNumber: records[0]?.sequenceNumber,
    subSequenceNumber: records[0]?.subSequenceNumber,
    ...(valueIndex === undefined ? {} : { valueIndex }),
    description: messageOf(squashed),
    cause: printable(squashed),
    failure: Cause.failureOption(cause)
  })
}

/** The same error, with what the dead letter failed with. */
const unsent = <E>(error: HandlerError<E>, cause: Cause.Cause<unknown>): HandlerError<E> => {
  const squashed = Cause.squash(cause)
  const { failure, shardId, stream } = error
  return new HandlerError({
    ...error,
    stream,
    shardId,
    failure,
    description: `${error.description}; the dead letter failed: ${messageOf(squashed)}`,
    cause: error.cause,
    deadLetterCause: printable(squashed) ?? "nothing"
  })
}

/** The same for the same records, in whatever worker and after whatever crash. */
const idempotencyKeyOf = (application: string, { records, valueIndex, work: { shardId, stream } }: Given) => {
  const [first] = records
  const place = `${first?.sequenceNumber}/${first?.subSequenceNumber ?? 0}`
  const value = valueIndex === undefined ? "" : `/${valueIndex}`
  return `${application}/${stream.identifier ?? stream.name}/${shardId}/${place}/${records.length}${value}`
}

/** How a consumer deals with what its handlers cannot handle. */
export interface Failing<E, R> {
  readonly application: string
  readonly onFailure: FailurePolicy<E, R>
}

const skip = ({ records, work: { shardId, stream } }: Given) =>
  stream.emit(
    KinesisEvent.RecordsSkipped({ shardId, count: records.length, sequenceNumber: records[0]?.sequenceNumber ?? "" })
  )

const send = <E, R>(
  application: string,
  call: (failed: Failed<E>) => Effect.Effect<unknown, unknown, R>,
  given: Given,
  error: HandlerError<E>
): Effect.Effect<void, HandlerError<E>, R> => {
  const { records, work: { shardId, stream, tenure } } = given
  const idempotencyKey = idempotencyKeyOf(application, given)
  return Effects.called(
    "the dead letter's send",
    () => call({ stream: stream.name, shardId, records, error, idempotencyKey })
  ).pipe(
    Effect.catchAllCause((cause) => Effect.fail(unsent(error, cause))),
    Effect.zipRight(Effect.sync(tenure.nudge))
  )
}

/**
 * Runs a handler, and lets the policy deal with its failure: what it does not deal with is failed with. An interruption of which nobody
 * outside knows is a failure too.
 */
export const handle = <E, RF, R>(
  { application, onFailure }: Failing<E, RF>,
  given: Given,
  handler: () => Effect.Effect<unknown, E, R>
): Effect.Effect<void, HandlerError<E>, R | RF> =>
  Effect.catchAllCause(Effect.asVoid(Effects.called(`the ${sourceOf(given)}`, handler)), (cause) => {
    const error = toError(given, cause)
    const { shardId, stream } = given.work
    const told = stream.emit(KinesisEvent.HandlerFailed({ shardId, error, policy: policyName(onFailure) }))
    switch (onFailure._tag) {
      case "Fail":
      case "Restart":
        return Effect.zipRight(told, Effect.fail(error))
      case "Skip":
        return Effect.zipRight(told, skip(given))
      case "DeadLetter":
        return Effect.zipRight(told, send(application, onFailure.send, given, error))
    }
  })

/**
 * What a shard's task sees of a policy: whether to read again. All else is dealt with in {@link handle}. The errors of the task are those of
 * this consumer's handlers, whose type the task does not know.
 */
export const restarting = <E, R>(policy: FailurePolicy<E, R>, context: Context.Context<R>): FailurePolicy =>
  policy._tag === "Restart"
    ? {
      _tag: "Restart",
      schedule: Schedule.provideContext(
        Schedule.mapInput(policy.schedule, (error: HandlerError) => error as HandlerError<E>),
        context
      )
    }
    : { _tag: "Fail" }

/**
 * What a consumer fails with whose handlers fail with an `E`: that itself, unless it cannot be logged, or the dead letter is what failed. Its
 * place is logged.
 */
export const ownError = <E>(
  error: KinesisError | LeaseStoreError | HandlerError
): Effect.Effect<never, E | KinesisError | LeaseStoreError | HandlerError<E>> => {
  if (error._tag !== "HandlerError") return Effect.fail(error)
  const { deadLetterCause, failure, sequenceNumber, shardId, stream } = error as HandlerError<E>
  if (Option.isNone(failure) || deadLetterCause !== undefined || !isPrintable(failure.value)) {
    return Effect.fail(error as HandlerError<E>)
  }
  return Effect.logError(error.message).pipe(
    Effect.annotateLogs({ stream, shardId, sequenceNumber }),
    Effect.zipRight(Effect.fail(failure.value))
  )
}
