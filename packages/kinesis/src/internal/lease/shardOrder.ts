import type { Lease } from "../../LeaseStore.js"
import * as Overlap from "../shard/overlap.js"

/** The part of a lease that decides its shard's place among the others of its stream. */
export type Placed = Pick<Lease, "shardId" | "checkpoint" | "parentShardIds" | "hashKeyRange">

const isFinished = ({ checkpoint }: Placed): boolean => checkpoint?._tag === "ShardEnd"

const numbered = /^shardId-(\d{1,15})$/

/** Kinesis numbers the shards of a stream in the order of their creation: of two shards, the one with the smaller number is older. */
const numberOf = (shardId: string): number | undefined => {
  const digits = numbered.exec(shardId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Disjoint intervals of hash keys, in order. */
class Taken {
  readonly #intervals: Array<Overlap.Interval> = []

  /** Adds an interval; returns whether any of its keys was taken before. */
  add([from, to]: Overlap.Interval): boolean {
    const first = this.#firstReaching(from)
    let last = first
    while (last < this.#intervals.length && this.#intervals[last]![0] <= to) last++
    const [before, after] = [this.#intervals[first], this.#intervals[last - 1]]
    if (first === last) this.#intervals.splice(first, 0, [from, to])
    else {
      this.#intervals.splice(first, last - first, [
        before![0] < from ? before![0] : from,
        after![1] > to ? after![1] : to
      ])
    }
    return first < last
  }

  /** The first interval that ends at or after the key. */
  #firstReaching(key: bigint): number {
    let low = 0
    let high = this.#intervals.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#intervals[middle]![1] < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Whether the shards' numbers give their ages, as far as these leases show: each shard has one, and it is higher than its parents'.
 * Otherwise a shard could wait for another by its lineage, and that one for it by its number.
 */
const areAges = (leases: ReadonlyArray<Placed>): boolean =>
  leases.every(({ parentShardIds, shardId }) => {
    const number = numberOf(shardId)
    return number !== undefined && parentShardIds.every((parent) => (numberOf(parent) ?? Infinity) < number)
  })

const none: ReadonlySet<string> = new Set()

/**
 * The shards that wait for an older one which shares hash keys with them and has not reached its end. The oldest unfinished shard waits for
 * none, so there is always one that can be read.
 */
export const waiting = (leases: ReadonlyArray<Placed>): ReadonlySet<string> => {
  if (!areAges(leases)) return none
  const taken = new Taken()
  const found = new Set<string>()
  const unfinished = leases.flatMap((lease) => {
    const interval = isFinished(lease) || lease.hashKeyRange === undefined
      ? undefined
      : Overlap.interval(lease.hashKeyRange)
    return interval === undefined ? [] : [{ shardId: lease.shardId, age: numberOf(lease.shardId)!, interval }]
  })
  for (const { interval, shardId } of unfinished.sort((a, b) => a.age - b.age)) {
    if (taken.add(interval)) found.add(shardId)
  }
  return found
}

/** Whether a shard waits for one of these, other than its parents. */
export const waitsFor = (lease: Placed, others: ReadonlyArray<Placed>): boolean => {
  const number = numberOf(lease.shardId)
  const range = lease.hashKeyRange
  return number !== undefined && range !== undefined &&
    others.some((other) =>
      !isFinished(other) && (numberOf(other.shardId) ?? Infinity) < number &&
      !lease.parentShardIds.includes(other.shardId) &&
      other.hashKeyRange !== undefined && Overlap.overlaps(other.hashKeyRange, range)
    )
}
