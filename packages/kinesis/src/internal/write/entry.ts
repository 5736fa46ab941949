import type { KinesisError } from "../../KinesisError.js"
import * as HashKey from "../record/hashKey.js"
import type { Lane } from "./lanes.js"

/** Where a record is on its way. Once it is told, nothing happens to it any more. */
export type Stage = "outside" | "waiting" | "underWay" | "told"

/** Why a record was given up. */
export type FailureReason =
  /** The encoder could not make a record of the value. */
  | "encode"
  /** The service does not take this record: too large, a key that is none, or an argument that it refuses. */
  | "invalid"
  /** The service refuses all records of this writer: the stream, a permission or its KMS key is missing. */
  | "refused"
  /** It could not be written before its deadline. */
  | "expired"
  /** Requests failed for longer than the retry schedule says. */
  | "exhausted"
  /** A request was not answered, and is not to be repeated. */
  | "unanswered"
  /** An earlier record of its key failed, and the order is to be kept. */
  | "predecessor"
  /** The producer was closed. */
  | "closed"

/** A record was written: what its caller gets as a receipt. */
export interface Written {
  readonly shardId: string
  readonly sequenceNumber: string
  /** Its place in its aggregate; undefined if it travelled alone. */
  readonly subSequenceNumber: number | undefined
  readonly attempts: number
}

/** A record was given up. */
export interface Failed {
  readonly reason: FailureReason
  readonly cause: unknown
}

/** How a record ended. */
export type Ending = Written | Failed

export const isFailed = (ending: Ending): ending is Failed => "reason" in ending

/** What a record's latest attempt failed with: an error of the whole request, or the code and words of its entry. */
export type Trouble = KinesisError | { readonly _tag: "EntryFailed"; readonly code: string; readonly message: string }

/** A user's record on its way to the stream, and a record on the wire if it travels alone. */
export class Entry {
  stage: Stage = "outside"
  lane: Lane | undefined = undefined
  attempts = 0
  /** Whether it may be in the stream: an attempt was not answered, or wrote it in an aggregate that went astray. */
  mayBeWritten = false
  trouble: Trouble | undefined = undefined
  /** Whether it may no longer travel in an aggregate: one that it was in was refused. */
  goesAlone = false
  /** When it is given up, in milliseconds on the producer's clock. It is set when the record finds room, as a whole number: others cost memory. */
  deadline = 0
  /** How it ended: once it is told. */
  ending: Ending | undefined = undefined

  constructor(
    readonly data: Uint8Array,
    readonly partitionKey: string | undefined,
    readonly explicitHashKey: string | undefined,
    /** Of data and partition key, in UTF-8. */
    readonly bytes: number
  ) {}
}

/** What a record costs in memory besides its bytes. */
const overhead = 200

/** The room that a record takes of the buffer. */
export const roomOf = (entry: Entry): number => entry.bytes + overhead

/** Puts the hash key by which the service chooses the record's shard into these words. */
export const hashInto = (words: HashKey.Words, { explicitHashKey, partitionKey }: Entry): void => {
  if (explicitHashKey === undefined) HashKey.hashInto(words, partitionKey ?? "")
  else words.set(HashKey.toWords(HashKey.fromDecimal(explicitHashKey) ?? 0n))
}
