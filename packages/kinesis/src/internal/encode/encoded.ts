import * as Effect from "effect/Effect"
import type { PutRecordsEntry } from "../../KinesisApi.js"
import { EncodeError } from "../../KinesisError.js"
import type { Encoded } from "../../RecordEncoder.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"

/** What is known at once. */
export type Settled = PutRecordsEntry | EncodeError

export const isFailed = <R>(encoded: Encoded<R>): encoded is EncodeError => encoded instanceof EncodeError

/** Whether the entry is still to come: it would have its bytes. */
export const isPending = <R>(encoded: Encoded<R>): encoded is Effect.Effect<PutRecordsEntry, EncodeError, R> =>
  !("data" in encoded) && !isFailed(encoded)

export const failed = (
  field: EncodeError["field"],
  value: unknown,
  description: string,
  cause?: unknown
): EncodeError => new EncodeError({ field, value, description, cause })

/** What a function threw, which is a user's or Node's. */
export const threw = (field: EncodeError["field"], value: unknown, who: string, thrown: unknown): EncodeError =>
  failed(field, value, `${who} threw: ${messageOf(thrown)}`, printable(thrown))

export const asEffect = (settled: Settled): Effect.Effect<PutRecordsEntry, EncodeError> =>
  isFailed(settled) ? Effect.fail(settled) : Effect.succeed(settled)

/** The same, with something made of the entry. */
export const map = <R>(encoded: Encoded<R>, change: (entry: PutRecordsEntry) => Settled): Encoded<R> => {
  if (isFailed(encoded)) return encoded
  return isPending(encoded) ? Effect.flatMap(encoded, (entry) => asEffect(change(entry))) : change(encoded)
}

/** The same, where there is no entry of the value with an error of another value, which it was made of. */
export const ofValue = <R>(encoded: Encoded<R>, value: unknown): Encoded<R> => {
  const renamed = (error: EncodeError) => failed(error.field, value, error.description, error.cause)
  if (isFailed(encoded)) return renamed(encoded)
  return isPending(encoded) ? Effect.mapError(encoded, renamed) : encoded
}
