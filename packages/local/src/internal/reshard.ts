import * as HashKeys from "./hashKeys.js"
import type { Shard, Stream } from "./model.js"
import { addShard, closeShard, isOpen } from "./model.js"

export const sortOpen = (stream: Stream): void => {
  stream.open = stream.shards.filter(isOpen).sort((a, b) => a.start < b.start ? -1 : 1)
}

export const createShards = (stream: Stream, count: number, now: number): void => {
  for (const range of HashKeys.evenRanges(count)) addShard(stream, range, [], now)
  sortOpen(stream)
}

const cut = (stream: Stream, shard: Shard, at: bigint, now: number): readonly [Shard, Shard] => {
  closeShard(shard, now)
  return [
    addShard(stream, { start: shard.start, end: at - 1n }, [shard], now),
    addShard(stream, { start: at, end: shard.end }, [shard], now)
  ]
}

const join = (stream: Stream, lower: Shard, upper: Shard, now: number): Shard => {
  closeShard(lower, now)
  closeShard(upper, now)
  return addShard(stream, { start: lower.start, end: upper.end }, [lower, upper], now)
}

export const split = (stream: Stream, shard: Shard, at: bigint, now: number): void => {
  cut(stream, shard, at, now)
  sortOpen(stream)
}

export const merge = (stream: Stream, lower: Shard, upper: Shard, now: number): void => {
  join(stream, lower, upper, now)
  sortOpen(stream)
}

/** Splits the shard at each of the ascending keys, starting in the middle, so that lineages stay short. */
const cutAtEach = (stream: Stream, shard: Shard, keys: ReadonlyArray<bigint>, now: number): ReadonlyArray<Shard> => {
  if (keys.length === 0) return [shard]
  const middle = keys.length >> 1
  const [lower, upper] = cut(stream, shard, keys[middle]!, now)
  return [
    ...cutAtEach(stream, lower, keys.slice(0, middle), now),
    ...cutAtEach(stream, upper, keys.slice(middle + 1), now)
  ]
}

/** Merges neighbours pair by pair until one shard is left. */
const joinAll = (stream: Stream, shards: ReadonlyArray<Shard>, now: number): void => {
  if (shards.length < 2) return
  const joined: Array<Shard> = []
  for (let index = 0; index < shards.length; index += 2) {
    const upper = shards[index + 1]
    joined.push(upper === undefined ? shards[index]! : join(stream, shards[index]!, upper, now))
  }
  joinAll(stream, joined, now)
}

/**
 * Ends with `count` open shards of equal size: first the splits at the new boundaries, then the merges across the old ones. From even
 * ranges, doubling takes one split per shard, and halving one merge per pair; other changes create temporary shards, as AWS documents for
 * uniform scaling.
 */
export const resize = (stream: Stream, count: number, now: number): void => {
  const ranges = HashKeys.evenRanges(count)
  const pieces = stream.open.flatMap((shard) => cutAtEach(stream, shard, startsInside(ranges, shard), now))
  let next = 0
  for (const { end } of ranges) {
    const first = next
    while (next < pieces.length && pieces[next]!.end <= end) next++
    joinAll(stream, pieces.slice(first, next), now)
  }
  sortOpen(stream)
}

const startsInside = (ranges: ReadonlyArray<HashKeys.Range>, shard: HashKeys.Range): ReadonlyArray<bigint> =>
  ranges.flatMap(({ start }) => start > shard.start && start <= shard.end ? [start] : [])
