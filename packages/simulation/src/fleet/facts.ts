import type { Lease } from "effect-kinesis/LeaseStore"
import { compareSequenceNumbers, type Position } from "effect-kinesis/Position"
import { recordId, type Written } from "../history.js"
import type { Handling, History, Life, Moment, Tenure } from "./history.js"

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

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}

/** A tenure with what is known of it from elsewhere. */
export interface Reign extends Tenure {
  /** When the claim was written. */
  readonly claimed: Moment
  /** What was stored when it was claimed. */
  readonly found: Position | undefined
  readonly handlings: ReadonlyArray<Handling>
  /** When it was over for whatever reason, as far as its process knew. */
  readonly until: Moment
  /** When it was to end: its worker was told to leave, or another asked for the lease. */
  readonly toEndAt: number
  readonly life: Life
}

export interface Facts extends History {
  readonly byId: ReadonlyMap<string, Written>
  readonly ofRecord: ReadonlyMap<string, ReadonlyArray<Handling>>
  readonly ofShard: ReadonlyMap<string, ReadonlyArray<Written>>
  /** Of each shard, in the order of their tokens. */
  readonly reigns: ReadonlyMap<string, ReadonlyArray<Reign>>
}

export const never: Moment = { at: Infinity, tick: Infinity }

export const grouped = <A>(
  values: ReadonlyArray<A>,
  keyOf: (value: A) => string
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}

export const idOf = (
  { sequenceNumber, shardId }: { readonly shardId: string; readonly sequenceNumber: string }
): string => recordId(shardId, sequenceNumber)

export const isBy = (lease: Lease | undefined, process: number): boolean =>
  lease?.leaseOwner?.startsWith(`w${process}-`) === true

export const reignsOf = (history: History): ReadonlyMap<string, ReadonlyArray<Reign>> => {
  const handlings = grouped(history.handlings, ({ process, shardId, token }) => `${process} ${shardId} ${token}`)
  const rows = grouped(history.rows, ({ leaseKey }) => leaseKey)
  const reigns = history.tenures.map((tenure): Reign => {
    const { process, shardId, token } = tenure
    const versions = rows.get(shardId) ?? []
    const claim = versions.find(({ lease }) => lease?.leaseCounter === token && isBy(lease, process))
    const life = history.lives[process]!
    const asked = versions.find(({ lease, moment }) =>
      moment.tick > tenure.acquired.tick && lease?.checkpointOwner?.startsWith(`w${process}-`) === true
    )
    return {
      ...tenure,
      toEndAt: Math.min(life.asked?.at ?? Infinity, asked?.moment.at ?? Infinity),
      claimed: claim?.moment ?? tenure.acquired,
      found: claim?.lease?.checkpoint,
      handlings: handlings.get(`${process} ${shardId} ${token}`) ?? [],
      until: tenure.over?.moment ?? life.end?.moment ?? never,
      life
    }
  })
  reigns.sort((a, b) => a.token - b.token)
  return grouped(reigns, ({ shardId }) => shardId)
}

export const factsOf = (history: History): Facts => ({
  ...history,
  byId: new Map(history.written.map((record) => [idOf(record), record])),
  ofRecord: grouped(history.handlings, idOf),
  ofShard: grouped(history.written, ({ shardId }) => shardId),
  reigns: reignsOf(history)
})

export const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

export const since = ({ epoch }: History, { at }: { readonly at: number }): string =>
  `${((at - epoch) / 1000).toFixed(3)} s`

export const nameOf = (facts: Facts, record: { readonly shardId: string; readonly sequenceNumber: string }): string => {
  const written = facts.byId.get(idOf(record))
  return `${written?.key}#${written?.number} (${Number(record.shardId.slice(8))} ${record.sequenceNumber.slice(-6)})`
}

export const reignName = ({ process, shardId, token }: Tenure): string =>
  `w${process} with ${Number(shardId.slice(8))}/${token}`

export const allReigns = (facts: Facts): ReadonlyArray<Reign> => [...facts.reigns.values()].flat()

/** Whether a stored position says that the record was handled. */
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
