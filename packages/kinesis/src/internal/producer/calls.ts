import type * as Tracer from "effect/Tracer"
import { PutError } from "../../ProducerError.js"
import { Entry, type Failed } from "../write/entry.js"
import * as Outcome from "../write/outcome.js"
import type { Receipt } from "./receipt.js"
import { ofTrouble } from "./texts.js"

/** What a caller is told of a record. */
export type Told = Receipt | PutError

/** The calls between two flushes: a flush waits for all that were begun before it. */
export interface Epoch {
  /** Calls of which some record is not told. */
  open: number
  /** Flushes that wait until these calls and those before them are over. */
  readonly flushes: Array<() => void>
}

export const makeEpoch = (): Epoch => ({ open: 0, flushes: [] })

/** A call of a caller: records that are put together, and what became of each. */
export interface Call {
  readonly epoch: Epoch
  /** When it was begun, in milliseconds on the producer's clock. */
  readonly at: number
  /** The records that are not told, by their places. */
  readonly entries: Array<CallEntry | undefined>
  /** What became of the others, by their places; undefined where nobody wants receipts. */
  readonly told: Array<Told> | undefined
  /** Of a caller that wants no receipts: the errors that it has not seen yet. */
  readonly failed: Array<PutError>
  written: number
  bytes: number
  /** Records that are not told, and 1 while more may come. */
  pending: number
  /** More records may come. */
  isOpen: boolean
  /** The caller does not wait any more. */
  isAbandoned: boolean
  /** Its record that waits for room: the next is taken when this one has found some, or was given up. */
  outside: CallEntry | undefined
  onRoom: (() => void) | undefined
  /** Told when something was given up, and when the call is over. */
  onNews: (() => void) | undefined
  /** Where the caller's trace is, for the links of the requests' spans. */
  readonly span: Tracer.AnySpan | undefined
}

export const make = (epoch: Epoch, at: number, wantsReceipts: boolean, span: Tracer.AnySpan | undefined): Call => {
  epoch.open++
  return {
    epoch,
    at,
    entries: [],
    told: wantsReceipts ? [] : undefined,
    failed: [],
    written: 0,
    bytes: 0,
    pending: 1,
    isOpen: true,
    isAbandoned: false,
    outside: undefined,
    onRoom: undefined,
    onNews: undefined,
    span
  }
}

/** A record of a call. */
export class CallEntry extends Entry {
  constructor(
    readonly call: Call,
    /** Its place in the call. */
    readonly index: number,
    data: Uint8Array,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number
  ) {
    super(data, partitionKey, explicitHashKey, bytes)
  }
}

/** The record as it is put, without what the producer notes of it. */
const recordOf = ({ data, explicitHashKey, partitionKey }: Entry) => ({
  data,
  ...partitionKey !== undefined && { partitionKey },
  ...explicitHashKey !== undefined && { explicitHashKey }
})

/** A record that was given up, as its caller is told. */
export const errorOf = (
  stream: string,
  entry: Entry,
  { cause, reason }: Failed
): PutError =>
  new PutError({
    stream,
    reason,
    written: Outcome.written(entry),
    attempts: entry.attempts,
    description: ofTrouble(cause),
    cause,
    entry: recordOf(entry)
  })
