import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { FailurePolicy } from "../../FailurePolicy.js"
import { HandlerError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Effects from "../options/effects.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import type { ShardWork } from "./shardWork.js"

export const policyName = (policy: FailurePolicy) =>
  ({ Fail: "fail", Restart: "restart", DeadLetter: "dead-letter", Skip: "skip" } as const)[policy._tag]

const toError = (
  work: ShardWork,
  records: ReadonlyArray<KinesisRecord>,
  cause: Cause.Cause<unknown>,
  more = ""
): HandlerError => {
  const squashed = Cause.squash(cause)
  return new HandlerError({
    stream: work.stream.name,
    shardId: work.shardId,
    sequenceNumber: records[0]?.sequenceNumber,
    subSequenceNumber: records[0]?.subSequenceNumber,
    description: `${messageOf(squashed)}${more}`,
    cause: printable(squashed)
  })
}

/** The same for the same records, in whatever worker and after whatever crash. */
const idempotencyKeyOf = (
  application: string,
  { shardId, stream }: ShardWork,
  records: ReadonlyArray<KinesisRecord>
) => {
  const [first] = records
  const place = `${first?.sequenceNumber}/${first?.subSequenceNumber ?? 0}`
  return `${application}/${stream.identifier ?? stream.name}/${shardId}/${place}/${records.length}`
}

/**
 * Runs a handler, and lets the policy deal with its failure: what it does not deal with is failed with. An interruption of which nobody
 * outside knows is a failure too.
 */
export const handle = <R>(
  application: string,
  policy: FailurePolicy,
  work: ShardWork,
  records: ReadonlyArray<KinesisRecord>,
  handler: () => Effect.Effect<unknown, unknown, R>
): Effect.Effect<void, HandlerError, R> =>
  Effect.catchAllCause(Effect.asVoid(Effects.called("the handler", handler)), (cause) => {
    const error = toError(work, records, cause)
    const { shardId, stream } = work
    const told = stream.emit(KinesisEvent.HandlerFailed({ shardId, error, policy: policyName(policy) }))
    switch (policy._tag) {
      case "Fail":
      case "Restart":
        return Effect.zipRight(told, Effect.fail(error))
      case "Skip":
        return Effect.zipRight(
          told,
          stream.emit(
            KinesisEvent.RecordsSkipped({
              shardId,
              count: records.length,
              sequenceNumber: records[0]?.sequenceNumber ?? ""
            })
          )
        )
      case "DeadLetter": {
        const idempotencyKey = idempotencyKeyOf(application, work, records)
        const sent = Effects.called(
          "the dead letter's send",
          () => policy.send({ stream: stream.name, shardId, records, error, idempotencyKey })
        )
        return told.pipe(
          Effect.zipRight(sent),
          Effect.catchAllCause((failure) =>
            Effect.fail(
              toError(work, records, cause, `; the dead letter failed: ${messageOf(Cause.squash(failure))}`)
            )
          ),
          Effect.zipRight(Effect.sync(work.tenure.nudge))
        )
      }
    }
  })
