/** What is to be written, and to where. */
export interface Workload {
  readonly title: string
  readonly shards: number
  /** What the callers give in all, each record by itself. */
  readonly recordsPerSecond: number
  readonly bytes: number
  readonly seconds: number
  /** The part of all records that goes to the first shard; the others share the rest. Absent: all share alike. */
  readonly hotPart?: number
  /** The part of each shard's capacity that another writer takes. */
  readonly takenPart?: number
  /** How many records the writer may hold. */
  readonly room: number
}

const usual = { shards: 8, bytes: 200, seconds: 16 }

/** One name each, by which a row of the table is found again. */
export const workloads = {
  overload: {
    ...usual,
    title: "8 shards, 16,000 records/s: twice what they take",
    recordsPerSecond: 16_000,
    room: 20_000
  },
  hotShard: {
    ...usual,
    title: "8 shards, 6,000 records/s, half of them to one shard: three times what it takes",
    recordsPerSecond: 6000,
    hotPart: 0.5,
    room: 200_000
  },
  otherWriter: {
    ...usual,
    title: "8 shards, 6,000 records/s; another writer takes 60 % of each shard",
    recordsPerSecond: 6000,
    takenPart: 0.6,
    room: 20_000
  },
  littleRoom: {
    ...usual,
    title: "the hot shard again, with room for 5,000 records",
    recordsPerSecond: 6000,
    hotPart: 0.5,
    room: 5000
  }
} satisfies Record<string, Workload>
