import type { Copy, Fate, History, Parcel, Request, Telling } from "./history.js"
import type { Given } from "./records.js"
import type { Caller } from "./scenario.js"

/** What must hold of every history. */
export type Invariant =
  | "unfinished"
  | "one outcome"
  | "lost"
  | "false no"
  | "sent again"
  | "taken back"
  | "key order"
  | "invalid"
  | "duplicates"
  | "late"
  | "room"
  | "stats"
  | "requests under way"
  | "request"
  | "cold lane"
  | "flush"
  | "close"

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}

/** A record in a request. */
export interface Attempt {
  readonly request: Request
  readonly parcel: Parcel
}

/** What is known of one record. */
export interface RecordFacts {
  readonly given: Given
  readonly caller: Caller
  readonly givenAt: number
  /** Infinity if that is not known. */
  readonly acceptedAt: number
  readonly interruptedAt: number
  readonly tellings: ReadonlyArray<Telling>
  readonly attempts: ReadonlyArray<Attempt>
  readonly copies: ReadonlyArray<Copy>
}

/** A history with what the invariants look up in it. */
export interface Facts extends History {
  /** Those that were given, in the order of their numbers. */
  readonly records: ReadonlyArray<RecordFacts>
}

type Writable<A> = { -readonly [Key in keyof A]: A[Key] extends ReadonlyArray<infer B> ? Array<B> : A[Key] }

export const factsOf = (history: History): Facts => {
  const records = new Map<number, Writable<RecordFacts>>()
  for (const caller of history.scenario.callers) {
    for (const given of caller.chunks.flat()) {
      const givenAt = history.given.get(given.id)
      if (givenAt === undefined) continue
      const acceptedAt = history.accepted.get(given.id) ?? Infinity
      const interruptedAt = history.interrupted.get(given.id) ?? Infinity
      records.set(given.id, {
        given,
        caller,
        givenAt,
        acceptedAt,
        interruptedAt,
        tellings: [],
        attempts: [],
        copies: []
      })
    }
  }
  for (const telling of history.tellings) records.get(telling.id)?.tellings.push(telling)
  for (const request of history.requests) {
    for (const parcel of request.parcels) {
      for (const id of parcel.ids) records.get(id)?.attempts.push({ request, parcel })
    }
  }
  for (const copy of history.copies) records.get(copy.id)?.copies.push(copy)
  return { ...history, records: [...records.values()].sort((a, b) => a.given.id - b.given.id) }
}

export const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

export const since = ({ epoch }: History, at: number): string => `${((at - epoch) / 1000).toFixed(3)} s`

/** A record's fate, once it is told. */
export const fateOf = ({ tellings }: RecordFacts): Fate | undefined => tellings[0]?.fate

/** Whether a caller was told that it is written. */
export const isToldWritten = (record: RecordFacts): boolean => fateOf(record)?._tag === "Written"
