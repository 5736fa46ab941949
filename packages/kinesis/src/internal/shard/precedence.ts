import * as Overlap from "./overlap.js"

/**
 * When a shard was created, as far as it is known. A shard that only its parents have named has no starting sequence number yet: it comes
 * one generation after its parents, and so after all their ancestors.
 */
export interface Birth {
  readonly sequenceNumber: string | undefined
  readonly generation: number
}

/** A shard among others: its hash keys, and since when it has them. */
export interface Placed {
  readonly shardId: string
  /** Undefined if the range is not valid: such a shard is ordered by its lineage alone. */
  readonly hashKeys: Overlap.Interval | undefined
  readonly born: Birth
}

export const isOlder = (a: Birth, b: Birth): boolean =>
  Overlap.isBefore(a.sequenceNumber, b.sequenceNumber) ||
  (a.sequenceNumber === b.sequenceNumber && a.generation < b.generation)

/** The birth of a shard that these parents named. */
export const afterAll = (parents: ReadonlyArray<Birth>): Birth => {
  const [first, ...others] = parents
  if (first === undefined) return { sequenceNumber: undefined, generation: 0 }
  const youngest = others.reduce((youngest, parent) => isOlder(youngest, parent) ? parent : youngest, first)
  return { sequenceNumber: youngest.sequenceNumber, generation: youngest.generation + 1 }
}

const cells = 256

const cellOf = (hashKey: bigint): number => Math.min(cells - 1, Number(hashKey >> 120n))

/** Shards by their hash keys, in 256 cells of equal size, so that a lookup by hash keys need not visit all shards. */
export interface Atlas<P extends Placed> {
  readonly cells: ReadonlyArray<Map<string, P>>
}

export const atlas = <P extends Placed>(): Atlas<P> => ({ cells: Array.from({ length: cells }, () => new Map()) })

/** Inserts a shard, replacing its earlier state, or removes it. */
export const keep = <P extends Placed>({ cells }: Atlas<P>, shard: P, belongs: boolean): void => {
  if (shard.hashKeys === undefined) return
  const last = cellOf(shard.hashKeys[1])
  for (let cell = cellOf(shard.hashKeys[0]); cell <= last; cell++) {
    if (belongs) cells[cell]!.set(shard.shardId, shard)
    else cells[cell]!.delete(shard.shardId)
  }
}

/** The first older shard that has a hash key in common with this one and passes the test. */
export const findOlder = <P extends Placed>(
  { cells }: Atlas<P>,
  { born, hashKeys, shardId }: Placed,
  test: (older: P) => boolean
): P | undefined => {
  if (hashKeys === undefined) return undefined
  const last = cellOf(hashKeys[1])
  for (let cell = cellOf(hashKeys[0]); cell <= last; cell++) {
    for (const other of cells[cell]!.values()) {
      if (
        other.shardId !== shardId && isOlder(other.born, born) && Overlap.intersect(other.hashKeys!, hashKeys) &&
        test(other)
      ) return other
    }
  }
  return undefined
}

/** All older shards that have a hash key in common with this one. */
export const allOlder = <P extends Placed>(among: Atlas<P>, shard: Placed): ReadonlySet<string> => {
  const found = new Set<string>()
  findOlder(among, shard, (older) => {
    found.add(older.shardId)
    return false
  })
  return found
}
