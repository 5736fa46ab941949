import * as HashKey from "../record/hashKey.js"
import { Deque } from "./deque.js"
import { type Entry, hashInto } from "./entry.js"
import * as Hold from "./hold.js"
import { KeyedLine, type Line, PlainLine } from "./order.js"
import * as Pace from "./pace.js"
import * as ShardMap from "./shardMap.js"

/**
 * The way to one shard, or to one half of a shard's hash keys: aggregates hold what is of one half only, so that none of them is torn by a
 * split in the middle. Without a map of the shards there is one lane, without a pace.
 */
export interface Lane {
  readonly shard: ShardMap.OpenShard | undefined
  readonly half: "lower" | "upper" | undefined
  /** Those of the shard, which its halves share. */
  readonly pace: Pace.Pace | undefined
  readonly hold: Hold.Hold
  readonly line: Line
  /** Whether one record at a time is on the wire. */
  readonly isSerial: boolean
  /** Records for which there is no room yet. */
  readonly outside: Deque<Entry>
  /** Records that wait to be sent, and their bytes. */
  waiting: number
  waitingBytes: number
  /** Records that are in the line, and were told. */
  dead: number
  /** The room that its records take, those on the way too. */
  room: number
  /** Records on the wire. */
  underWay: number
  /** Lanes of former shards of whose records some are on the wire: those come first. */
  blockers: ReadonlyArray<Lane>
  /** Its shard is no longer open, or its kind no longer wanted: nothing more is sent from it. */
  isRetired: boolean
  /** Where its last record was written. */
  last: { readonly shardId: string; readonly sequenceNumber: string } | undefined
}

/** What decides which lanes there are. */
export interface Layout {
  readonly map: ShardMap.ShardMap | undefined
  readonly order: "none" | "key"
  /** Which records may travel together: those of a half of a shard, those of one key, or none. */
  readonly aggregates: "shard" | "key" | "none"
  readonly pace: Pace.PaceOptions | undefined
}

export interface Lanes {
  readonly layout: Layout
  /** In the order of their hash keys. */
  readonly all: ReadonlyArray<Lane>
}

const lineOf = ({ aggregates, order }: Layout): Line =>
  order === "key" && aggregates !== "shard" ? new KeyedLine() : new PlainLine()

const makeLane = (
  layout: Layout,
  shard: ShardMap.OpenShard | undefined,
  half: Lane["half"],
  { hold, pace }: Pick<Lane, "hold" | "pace">
): Lane => ({
  shard,
  half,
  pace,
  hold,
  line: lineOf(layout),
  isSerial: layout.order === "key" && layout.aggregates === "shard",
  outside: new Deque(),
  waiting: 0,
  waitingBytes: 0,
  dead: 0,
  room: 0,
  underWay: 0,
  blockers: [],
  isRetired: false,
  last: undefined
})

const halvesOf = ({ aggregates }: Layout): ReadonlyArray<Lane["half"]> =>
  aggregates === "shard" ? ["lower", "upper"] : [undefined]

const isOfKind = (a: Layout, b: Layout): boolean => a.order === b.order && a.aggregates === b.aggregates

const placeOf = ({ half, shard }: Pick<Lane, "half" | "shard">): string => `${shard?.shardId}/${half}`

/** The lanes of a layout. Lanes of the same kind and shard stay, and shards keep their pace and their hold. */
export const make = (layout: Layout, now: number, before?: Lanes): Lanes => {
  const { map, pace } = layout
  if (map === undefined) {
    return { layout, all: [makeLane(layout, undefined, undefined, { pace: undefined, hold: Hold.make() })] }
  }
  const isSame = before !== undefined && isOfKind(before.layout, layout)
  const former = new Map(isSame ? before.all.map((lane) => [placeOf(lane), lane]) : [])
  const ofShards = new Map(before?.all.map((lane) => [lane.shard?.shardId, lane]))
  const all = map.open.flatMap((shard) => {
    const ofShard = ofShards.get(shard.shardId) ??
      { pace: pace === undefined ? undefined : Pace.make(pace, now), hold: Hold.make() }
    return halvesOf(layout).map((half) =>
      former.get(placeOf({ shard, half })) ?? makeLane(layout, shard, half, ofShard)
    )
  })
  return { layout, all }
}

const words = HashKey.makeWords()

/** The lane that a record belongs to. */
export const laneOf = ({ all, layout: { aggregates, map } }: Lanes, entry: Entry): Lane => {
  if (map === undefined || all.length === 1) return all[0]!
  hashInto(words, entry)
  const index = ShardMap.find(map, words)
  if (aggregates !== "shard") return all[index]!
  return all[2 * index + (ShardMap.isInUpperHalf(map.open[index]!, words) ? 1 : 0)]!
}

/** Whether a record of one lane may have the key of a record of the other. */
export const meet = (a: Lane, b: Lane): boolean =>
  a.shard === undefined || b.shard === undefined || ShardMap.overlap(a.shard, b.shard)

/** Whether the records of former lanes are still on the wire. */
export const isBlocked = (lane: Lane): boolean => {
  if (lane.blockers.length === 0) return false
  lane.blockers = lane.blockers.filter(({ underWay }) => underWay > 0)
  return lane.blockers.length > 0
}
