import type { Deque } from "../../../../kinesis/src/internal/write/deque.js"
import type { Workload } from "./workloads.js"

/** A record that is to be written. */
export interface Item {
  /** The shard that takes it. */
  readonly shard: number
  readonly bytes: number
  /** When its caller gave it, in milliseconds since the start. */
  readonly at: number
}

/** One PutRecords request. */
export interface Batch {
  readonly items: ReadonlyArray<Item>
}

/** What a policy does now. */
export type Step<B extends Batch = Batch> =
  | { readonly _tag: "Send"; readonly batch: B }
  /** Nothing before this time, unless something happens. */
  | { readonly _tag: "Wait"; readonly until: number }
  /** Nothing until something happens. */
  | { readonly _tag: "Idle" }

/** A way to write records: it is told what happens, and asked what to do. */
export interface Policy<B extends Batch = Batch> {
  /** Takes a record; false if there is no room for it. */
  readonly offer: (item: Item, now: number) => boolean
  /** What to do now. It is asked until it waits. */
  readonly next: (now: number) => Step<B>
  /** A request was answered: for each of its records, whether it was refused. */
  readonly answered: (batch: B, refused: ReadonlyArray<boolean>, now: number) => void
}

/** A policy at its beginning. `random` gives numbers from 0 to 1. */
export type Maker<B extends Batch = Batch> = (workload: Workload, random: () => number) => Policy<B>

/** The most records of one request. */
export const requestRecords = 500

export const idle: Step<never> = { _tag: "Idle" }

/** The same policy with so many records at most, whichever shard they go to. */
export const bounded = <B extends Batch>(policy: Policy<B>, room: number): Policy<B> => {
  let held = 0
  return {
    offer: (item, now) => {
      if (held >= room || !policy.offer(item, now)) return false
      held++
      return true
    },
    next: policy.next,
    answered: (batch, refused, now) => {
      for (const isRefused of refused) if (!isRefused) held--
      policy.answered(batch, refused, now)
    }
  }
}

/** The records that a request did not write, in their order. */
export const refusedOf = ({ items }: Batch, refused: ReadonlyArray<boolean>): ReadonlyArray<Item> =>
  items.filter((_, index) => refused[index])

/** Takes so many of a queue, or what it has. */
export const takeUpTo = (queue: Deque<Item>, most: number): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  while (items.length < most && queue.length > 0) items.push(queue.take()!)
  return items
}
