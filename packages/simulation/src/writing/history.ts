import type { Stats } from "effect-kinesis/Producer"
import type { LogLine } from "../history.js"
import type { Scenario } from "./scenario.js"

/** What a caller was told of a record. */
export type Fate =
  | {
    readonly _tag: "Written"
    /** Where; undefined if the caller was told of many records at once. */
    readonly place: Place | undefined
  }
  | { readonly _tag: "Failed"; readonly reason: string; readonly written: "no" | "unknown" }
  /** The producer was closed, or had no room: it never took the record. */
  | { readonly _tag: "Closed" | "NoRoom" }

/** Where a record is in the stream. */
export interface Place {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number | undefined
}

/** A record's fate, and when it was told. */
export interface Telling {
  readonly id: number
  readonly at: number
  readonly fate: Fate
}

/** A record, or an aggregate, in one request. */
export interface Parcel {
  /** The numbers of its records. */
  readonly ids: ReadonlyArray<number>
  /** What its sender knows of it. An answer that does not come, or does not name it, leaves it unknown. */
  readonly outcome: "pending" | "written" | "refused" | "unknown"
  readonly place: Omit<Place, "subSequenceNumber"> | undefined
}

/** A request that writes, as the producer sent it. */
export interface Request {
  readonly operation: "putRecord" | "putRecords"
  readonly sentAt: number
  /** Infinity while it is under way. */
  readonly endedAt: number
  /** `ok`, `interrupted`, or the `_tag` of the error. */
  readonly outcome: string
  readonly parcels: ReadonlyArray<Parcel>
}

/** A copy of a record in the stream. */
export interface Copy extends Place {
  readonly id: number
  /** Whether a reader of the Kinesis Client Library gets it: it drops an aggregate of which a record belongs to another shard. */
  readonly isVisible: boolean
}

/** A flush: all that was given before it began. */
export interface Flush {
  readonly ids: ReadonlyArray<number>
  readonly beganAt: number
  /** Infinity if it did not end. */
  readonly endedAt: number
}

/** All that happened, in milliseconds since the epoch. */
export interface History {
  readonly scenario: Scenario
  readonly epoch: number
  /** When a caller gave each record. */
  readonly given: ReadonlyMap<number, number>
  /** When a record was accepted whose caller need not wait for what becomes of it. */
  readonly accepted: ReadonlyMap<number, number>
  /** Records whose caller was interrupted before it was told, and when. */
  readonly interrupted: ReadonlyMap<number, number>
  readonly tellings: ReadonlyArray<Telling>
  readonly requests: ReadonlyArray<Request>
  readonly copies: ReadonlyArray<Copy>
  readonly flushes: ReadonlyArray<Flush>
  /** The most bytes that the producer held, by what it says itself. */
  readonly mostBuffered: number
  /** What it says of itself at the end. */
  readonly stats: Stats | undefined
  /** When the producer was to close, and when it had. */
  readonly closing: { readonly beganAt: number; readonly endedAt: number }
  /** When somebody else than the writer began to distribute the records; Infinity if that did not happen. */
  readonly autoFrom: number
  /** Why the history did not come to its end. */
  readonly unfinished: string | undefined
  readonly met: ReadonlyMap<string, number>
  readonly wakeUps: number
  readonly log: ReadonlyArray<LogLine>
}
