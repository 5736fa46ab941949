import type { DescribeStreamSummaryResponse } from "../../KinesisApi.js"
import { ProducerEvent } from "../../ProducerEvent.js"
import type * as Lanes from "../write/lanes.js"
import * as Layouts from "../write/layouts.js"
import * as Limits from "../write/limits.js"
import type * as Reckoning from "../write/reckoning.js"
import type * as ShardMap from "../write/shardMap.js"
import * as Writer from "./writer.js"

/**
 * Only what is known to be distributed by partition key may travel together by shard: readers drop what is elsewhere. Records of one key may
 * as long as nothing speaks against it.
 */
const aggregatesOf = ({ knowledge, settings }: Writer.Writer): Lanes.Layout["aggregates"] => {
  const { isSuspect, map, strategy } = knowledge
  if (settings.aggregates !== "shard") return isSuspect ? "none" : settings.aggregates
  return map !== undefined && strategy === "USER_PARTITION_KEY" && !isSuspect ? "shard" : "none"
}

const layoutOf = (self: Writer.Writer): Lanes.Layout => {
  const { knowledge: { map, strategy }, settings: { order, pace } } = self
  return strategy === "AUTO"
    ? { map: undefined, order: "none", aggregates: "none", pace }
    : { map, order, aggregates: aggregatesOf(self), pace }
}

const shardsOf = ({ map }: Lanes.Layout): string => map?.open.map(({ shardId }) => shardId).join() ?? ""

/** Goes by what is known now. */
export const layOut = (self: Writer.Writer): void => {
  const before = self.core.lanes.layout
  const layout = layoutOf(self)
  const isSame = before.order === layout.order && before.aggregates === layout.aggregates
  if (isSame && shardsOf(before) === shardsOf(layout)) return
  Layouts.change(self.core, layout, Writer.now(self))
  Writer.wake(self)
}

/** Whether it matters which shards there are. */
export const needsMap = ({ knowledge, settings: { aggregates, pace } }: Writer.Writer): boolean =>
  knowledge.strategy !== "AUTO" && (pace !== undefined || aggregates === "shard")

/** The shards are listed again, as soon as that may be. */
export const outdate = (self: Writer.Writer): void => {
  self.knowledge.isStale = true
  self.staleness.tell()
}

/** So many records where their hash keys do not belong prove that the service distributes them, if it does not say. */
const proof = 2

/** What a report says of the shards and of who distributes the records. */
export const learn = (self: Writer.Writer, { doubtful, strays, unknownShard }: Reckoning.Report): void => {
  const { knowledge } = self
  if (knowledge.strategy === "AUTO") return
  if (strays > 0) {
    knowledge.strays += strays
    knowledge.isSuspect = true
    layOut(self)
  }
  knowledge.doubts = [...knowledge.doubts, ...doubtful]
  if (strays > 0 || doubtful.length > 0 || unknownShard !== undefined) outdate(self)
}

/** The strategy as the service tells it, or as the records show it where it does not. */
const strategyOf = (
  { isSuspect, strategy, strays }: Writer.Knowledge,
  told: DescribeStreamSummaryResponse | undefined
): Writer.Knowledge["strategy"] => {
  if (told !== undefined) return told.recordDistributionStrategy ?? "USER_PARTITION_KEY"
  return isSuspect && strays >= proof ? "AUTO" : strategy
}

/** What the service says of the stream, or that it does not say anything. */
export const described = (
  self: Writer.Writer,
  told: DescribeStreamSummaryResponse | undefined
): ReadonlyArray<ProducerEvent> => {
  const { knowledge, settings } = self
  const before = knowledge.strategy
  const strategy = strategyOf(knowledge, told)
  knowledge.strategy = strategy
  if (told !== undefined || strategy === "AUTO") {
    knowledge.isSuspect = false
    knowledge.strays = 0
  }
  if (settings.maxRecordBytes === "discover" && told?.maxRecordSizeInKiB !== undefined) {
    knowledge.maxRecordBytes = Math.min(Limits.largestRecordBytes, told.maxRecordSizeInKiB * 1024)
  }
  return strategy === before ? [] : [ProducerEvent.StrategyChanged({ strategy })]
}

/** The shards were listed. */
export const listed = (self: Writer.Writer, map: ShardMap.ShardMap): ReadonlyArray<ProducerEvent> => {
  const before = self.knowledge.map
  self.knowledge.map = map
  return before !== undefined && shardsOf({ map: before } as Lanes.Layout) === shardsOf({ map } as Lanes.Layout)
    ? []
    : [ProducerEvent.MapRefreshed({ openShards: map.open.length })]
}
