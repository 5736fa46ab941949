import type { Shard } from "../../KinesisApi.js"
import * as HashKey from "../record/hashKey.js"

/** An open shard, and the hash keys that it takes, both ends included. */
export interface OpenShard {
  readonly shardId: string
  readonly start: HashKey.Words
  /** The last hash key of the lower half: there an even split cuts. */
  readonly middle: HashKey.Words
  readonly end: HashKey.Words
}

/** Which shard takes which hash key. */
export interface ShardMap {
  /** In the order of their hash keys, without a gap. */
  readonly open: ReadonlyArray<OpenShard>
  /** Every shard that this map and those before it knew. A shard's range never changes. */
  readonly known: ReadonlyMap<string, OpenShard>
}

const toOpenShard = ({ hashKeyRange, shardId }: Shard): OpenShard => {
  const start = BigInt(hashKeyRange.startingHashKey)
  const end = BigInt(hashKeyRange.endingHashKey)
  return {
    shardId,
    start: HashKey.toWords(start),
    middle: HashKey.toWords((start + end) / 2n),
    end: HashKey.toWords(end)
  }
}

const follows = (next: OpenShard, before: OpenShard): boolean =>
  HashKey.fromWords(next.start) === HashKey.fromWords(before.end) + 1n

/** Whether the shards take every hash key once: a listing may be incomplete, or of the midst of a reshard. */
const isWhole = (open: ReadonlyArray<OpenShard>): boolean =>
  open.length > 0 &&
  HashKey.fromWords(open[0]!.start) === 0n &&
  HashKey.fromWords(open.at(-1)!.end) === 2n ** 128n - 1n &&
  open.every((shard, index) => index === 0 || follows(shard, open[index - 1]!))

/** The map of a listing; undefined if that cannot be one of all open shards. `before` is the map so far. */
export const make = (shards: ReadonlyArray<Shard>, before?: ShardMap): ShardMap | undefined => {
  const open = shards
    .filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
    .map(toOpenShard)
    .sort((a, b) => HashKey.compare(a.start, b.start))
  if (!isWhole(open)) return undefined
  return { open, known: new Map([...before?.known ?? [], ...open.map((shard) => [shard.shardId, shard] as const)]) }
}

/** The index of the open shard that takes a hash key. */
export const find = ({ open }: ShardMap, hash: HashKey.Words): number => {
  let low = 0
  let high = open.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (HashKey.compare(hash, open[middle]!.end) <= 0) high = middle
    else low = middle + 1
  }
  return low
}

export const isInUpperHalf = ({ middle }: OpenShard, hash: HashKey.Words): boolean => HashKey.compare(hash, middle) > 0

export const holds = ({ end, start }: OpenShard, hash: HashKey.Words): boolean =>
  HashKey.compare(start, hash) <= 0 && HashKey.compare(hash, end) <= 0

/** Whether two shards share a hash key, as a parent and its child do. */
export const overlap = (a: OpenShard, b: OpenShard): boolean =>
  HashKey.compare(a.start, b.end) <= 0 && HashKey.compare(b.start, a.end) <= 0
