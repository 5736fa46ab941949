import type { Batch, History, Written } from "./history.js"
import { recordId, startOf } from "./history.js"

/** What must hold of every history. */
export type Invariant =
  | "lost"
  | "repeated"
  | "invented"
  | "early"
  | "key order"
  | "shard order"
  | "parents first"
  | "too many reads"
  | "spacing"
  | "stray call"
  | "listing"
  | "failed"
  | "end"
  | "unfinished"

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}
/** A history with what several invariants look up in it. */
export interface Facts extends History {
  readonly byId: ReadonlyMap<string, Written>
  /** Each record's batches, in order. */
  readonly handlings: ReadonlyMap<string, ReadonlyArray<Batch>>
  readonly start: { readonly notBefore: number; readonly allFrom: number }
}

export const idOf = ({ sequenceNumber, shardId }: Written): string => recordId(shardId, sequenceNumber)

export const factsOf = (history: History): Facts => {
  const handlings = new Map<string, Array<Batch>>()
  for (const batch of history.batches) {
    for (const sequenceNumber of batch.sequenceNumbers) {
      const id = recordId(batch.shardId, sequenceNumber)
      const found = handlings.get(id)
      if (found === undefined) handlings.set(id, [batch])
      else found.push(batch)
    }
  }
  return {
    ...history,
    byId: new Map(history.written.map((record) => [idOf(record), record])),
    handlings,
    start: startOf({ ...history, startedAt: history.runs[0]?.startedAt ?? Infinity })
  }
}

export const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

export const since = ({ epoch }: History, at: number): string => `${((at - epoch) / 1000).toFixed(3)} s`

export const nameOf = ({ key, number, sequenceNumber, shardId }: Written): string =>
  `${key}#${number} (${shardId} ${sequenceNumber})`
