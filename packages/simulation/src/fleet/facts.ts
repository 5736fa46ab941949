import type { Lease } from "effect-kinesis/LeaseStore"
import { compareSequenceNumbers, type Position } from "effect-kinesis/Position"
import { grouped } from "../grouped.js"
import { recordId, type Written } from "../history.js"
import type { Handling, History, Life, Moment, Ownership } from "./history.js"

/** What must hold of every history of a fleet. */
export type Invariant =
  | "lost"
  | "invented"
  | "repeated"
  | "order"
  | "skipped"
  | "two owners"
  | "parents first"
  | "checkpoint"
  | "lease lost"
  | "orphan"
  | "shares"
  | "moves"
  | "leave"
  | "failed"
  | "unfinished"
  | "deregistered"
  | "subscribed"
  | "taken back"
  | "pace"
  | "polled"
  | "bridged"
  | "unpushed"

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}

/**
 * The term of an owner of a lease: what the worker believes, with what the table and the other workers say about it.
 */
export interface Term extends Ownership {
  /** When the claim was written. */
  readonly claimed: Moment
  /** What was stored when it was claimed. */
  readonly found: Position | undefined
  readonly handlings: ReadonlyArray<Handling>
  /** When it was over for whatever reason, as far as its process knew. */
  readonly until: Moment
  /** When it should have ended: its worker was asked to leave, or another requested the lease. */
  readonly toEndAt: number
  readonly life: Life
}

export interface Facts extends History {
  readonly byId: ReadonlyMap<string, Written>
  readonly ofRecord: ReadonlyMap<string, ReadonlyArray<Handling>>
  readonly ofShard: ReadonlyMap<string, ReadonlyArray<Written>>
  /** Of each shard, in the order of their tokens. */
  readonly terms: ReadonlyMap<string, ReadonlyArray<Term>>
}

export const never: Moment = { at: Infinity, tick: Infinity }

export const idOf = (
  { sequenceNumber, shardId }: { readonly shardId: string; readonly sequenceNumber: string }
): string => recordId(shardId, sequenceNumber)

export const isBy = (lease: Lease | undefined, process: number): boolean =>
  lease?.leaseOwner?.startsWith(`w${process}-`) === true

export const termsOf = (history: History): ReadonlyMap<string, ReadonlyArray<Term>> => {
  const handlings = grouped(history.handlings, ({ process, shardId, token }) => `${process} ${shardId} ${token}`)
  const rows = grouped(history.rows, ({ leaseKey }) => leaseKey)
  const terms = history.ownerships.map((ownership): Term => {
    const { process, shardId, token } = ownership
    const versions = rows.get(shardId) ?? []
    const claim = versions.find(({ lease }) => lease?.leaseCounter === token && isBy(lease, process))
    const life = history.lives[process]!
    const asked = versions.find(({ lease, moment }) =>
      moment.tick > ownership.acquired.tick && lease?.checkpointOwner?.startsWith(`w${process}-`) === true
    )
    return {
      ...ownership,
      toEndAt: Math.min(life.asked?.at ?? Infinity, asked?.moment.at ?? Infinity),
      claimed: claim?.moment ?? ownership.acquired,
      found: claim?.lease?.checkpoint,
      handlings: handlings.get(`${process} ${shardId} ${token}`) ?? [],
      until: ownership.over?.moment ?? life.end?.moment ?? never,
      life
    }
  })
  terms.sort((a, b) => a.token - b.token)
  return grouped(terms, ({ shardId }) => shardId)
}

export const factsOf = (history: History): Facts => ({
  ...history,
  byId: new Map(history.written.map((record) => [idOf(record), record])),
  ofRecord: grouped(history.handlings, idOf),
  ofShard: grouped(history.written, ({ shardId }) => shardId),
  terms: termsOf(history)
})

export const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

export const since = ({ epoch }: History, { at }: { readonly at: number }): string =>
  `${((at - epoch) / 1000).toFixed(3)} s`

export const nameOf = (facts: Facts, record: { readonly shardId: string; readonly sequenceNumber: string }): string => {
  const written = facts.byId.get(idOf(record))
  return `${written?.key}#${written?.number} (${Number(record.shardId.slice(8))} ${record.sequenceNumber.slice(-6)})`
}

export const termName = ({ process, shardId, token }: Ownership): string =>
  `w${process} with ${Number(shardId.slice(8))}/${token}`

export const allTerms = (facts: Facts): ReadonlyArray<Term> => [...facts.terms.values()].flat()

/** Whether a stored position implies that the record was handled. */
export const covers = (
  position: Position | undefined,
  { sequenceNumber }: { readonly sequenceNumber: string }
): boolean =>
  position?._tag === "ShardEnd" ||
  (position?._tag === "AfterSequenceNumber" && compareSequenceNumbers(sequenceNumber, position.sequenceNumber) <= 0)

/** Calls of the process's store failed or were slow between two instants. */
export const hadTrouble = ({ troubles }: Facts, process: number, from: number, to: number): boolean =>
  troubles.some((trouble) => trouble.process === process && trouble.from <= to && trouble.to >= from)

export const wasPaused = ({ pauses }: Life, from: number, to: number): boolean =>
  pauses.some((pause) => pause.from <= to && pause.to >= from)

export const toldBefore = (facts: Facts, record: Written, moment: Moment): boolean =>
  (facts.ofRecord.get(idOf(record)) ?? []).some(({ ended, told }) =>
    (told !== undefined && told.tick < moment.tick) || (ended !== undefined && ended.tick < moment.tick)
  )
