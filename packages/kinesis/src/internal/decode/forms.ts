import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { pipeArguments } from "effect/Pipeable"
import type * as Stream from "effect/Stream"
import type { DecodeError } from "../../KinesisError.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Effects from "../options/effects.js"
import type { OnInvalid } from "./options.js"
import type { Decode, DecodeTogether, Outcome } from "./outcomes.js"
import * as Outcomes from "./outcomes.js"
import * as Slices from "./slices.js"

/** The values in a record, in order; in the place of one that is invalid, what is to be done with it. */
export type Results<A, E, R> = ReadonlyArray<Either.Either<A, Effect.Effect<unknown, E, R>>>

export type DecodeRecord<A, E, R> = (
  record: KinesisRecord
) => Results<A, E, R> | Effect.Effect<Results<A, E, R>, never, R>

/** The forms of a decoder: from a stream of records to a stream of values, from one record to its values, and a quick one for lists. */
export interface Forms {
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly stream: (records: Stream.Stream<KinesisRecord, any, any>) => Stream.Stream<any, any, any>
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly decodeRecord: DecodeRecord<any, any, any>
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly decodeTogether?: DecodeTogether<any> | undefined
}

/** A function of streams that carries the form for records. */
export const ofForms = ({ decodeTogether, decodeRecord, stream }: Forms) =>
  Object.assign((records: Parameters<Forms["stream"]>[0]) => stream(records), {
    decodeRecord,
    decodeTogether,
    pipe() {
      return pipeArguments(this, arguments)
    }
  })

const dealing = (onInvalid: Exclude<OnInvalid, "either">) => onInvalid === "fail" ? Effect.fail : telling(onInvalid)

const telling = (onInvalid: Exclude<OnInvalid, "fail" | "either">) => (error: DecodeError) =>
  onInvalid === "skip"
    ? Effect.sync(() => KinesisMetrics.skipped(error))
    : Effects.called("onInvalid", () => onInvalid(error))

/** Skipping is over at once: the last valid value is its record's last. */
const closedBySkips = <A>(outcomes: ReadonlyArray<Outcome<A>>): ReadonlyArray<Outcome<A>> => {
  const end = outcomes.at(-1)
  const last = outcomes.findLastIndex((outcome) => !Outcomes.isInvalid(outcome))
  if (last === -1 || !Outcomes.isInvalid(end)) return outcomes
  const values = outcomes.slice(0, last + 1)
  Outcomes.closeRecord(values, end)
  return [...values, ...outcomes.slice(last + 1)]
}

const ofRecord = <A, R>(decode: Decode<A, R>, onInvalid: OnInvalid): Forms["decodeRecord"] => {
  const settled = (outcomes: ReadonlyArray<Outcome<A>>): Results<unknown, unknown, unknown> => {
    if (onInvalid === "either") return Slices.eithers(outcomes).values.map(Either.right)
    const deal = dealing(onInvalid)
    return (onInvalid === "skip" ? closedBySkips(outcomes) : outcomes)
      .map((outcome) => Outcomes.isInvalid(outcome) ? Either.left(deal(outcome)) : Either.right(outcome))
  }
  return (record) => {
    const outcomes: Array<Outcome<A>> = []
    const pending = decode(record, outcomes)
    return pending === undefined ? settled(outcomes) : Effect.map(pending, () => settled(outcomes))
  }
}

/** A decoder of records into values; its type depends on what becomes of the invalid ones. */
export const make = <A, R>(
  decode: Decode<A, R>,
  onInvalid: OnInvalid = "fail",
  decodeTogether?: Forms["decodeTogether"]
  // oxlint-disable-next-line typescript/no-explicit-any
): any =>
  ofForms({
    stream: onInvalid === "either"
      ? Slices.run({ decode, decodeTogether }, Slices.eithers)
      : Slices.run({ decode, decodeTogether }, Slices.valuesOnly(dealing(onInvalid))),
    decodeRecord: ofRecord(decode, onInvalid),
    decodeTogether: onInvalid === "either" ? undefined : decodeTogether
  })

/** What the second decoder makes of the records that the first one gives. */
export const compose = (first: Forms["decodeRecord"], second: Forms["decodeRecord"]): Forms["decodeRecord"] => {
  const next = (results: ReturnType<Forms["decodeRecord"]>): ReturnType<Forms["decodeRecord"]> => {
    if (Effect.isEffect(results)) return Effect.flatMap(results, (found) => asEffect(next(found)))
    const outcomes = results.map((result) => Either.isRight(result) ? second(result.right) : [result])
    return outcomes.some(Effect.isEffect)
      ? Effect.map(Effect.forEach(outcomes, asEffect), (found) => found.flat())
      : (outcomes as ReadonlyArray<Results<unknown, unknown, unknown>>).flat()
  }
  return (record) => next(first(record))
}

const asEffect = (results: ReturnType<Forms["decodeRecord"]>) =>
  Effect.isEffect(results) ? results : Effect.succeed(results)
