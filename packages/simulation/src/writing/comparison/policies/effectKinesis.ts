import type { PutRecordsResultEntry, Shard } from "effect-kinesis/KinesisApi"
import * as HashKey from "../../../../../kinesis/src/internal/record/hashKey.js"
import * as Answers from "../../../../../kinesis/src/internal/write/answers.js"
import * as Batches from "../../../../../kinesis/src/internal/write/batches.js"
import { Entry, roomOf } from "../../../../../kinesis/src/internal/write/entry.js"
import * as Limits from "../../../../../kinesis/src/internal/write/limits.js"
import * as Pace from "../../../../../kinesis/src/internal/write/pace.js"
import * as Room from "../../../../../kinesis/src/internal/write/room.js"
import * as ShardMap from "../../../../../kinesis/src/internal/write/shardMap.js"
import * as State from "../../../../../kinesis/src/internal/write/state.js"
import { type Batch, bounded, idle, type Item, type Maker, type Policy, requestRecords, type Step } from "../policy.js"
import type { Workload } from "../workloads.js"

/** An item as the producer's core knows it. */
class ItemEntry extends Entry {
  constructor(readonly item: Item, data: Uint8Array, partitionKey: string) {
    super(data, partitionKey, undefined, item.bytes)
  }
}

/** A request of the core. */
interface CoreBatch extends Batch {
  readonly request: State.Request
}

const hashKeys = 2n ** 128n

const mapOf = (shards: number): ShardMap.ShardMap => {
  const starts = Array.from({ length: shards + 1 }, (_, index) => (hashKeys * BigInt(index)) / BigInt(shards))
  const listed = starts.slice(0, -1).map((start, index): Shard => ({
    shardId: `shardId-${index}`,
    parentShardId: undefined,
    adjacentParentShardId: undefined,
    hashKeyRange: { startingHashKey: String(start), endingHashKey: String(starts[index + 1]! - 1n) },
    startingSequenceNumber: "0",
    endingSequenceNumber: undefined
  }))
  return ShardMap.make(listed)!
}

/** A partition key of each shard. */
const keysOf = (map: ShardMap.ShardMap): ReadonlyArray<string> => {
  const keys = new Map<number, string>()
  const words = HashKey.makeWords()
  for (let number = 0; keys.size < map.open.length; number++) {
    HashKey.hashInto(words, `key-${number}`)
    keys.set(ShardMap.find(map, words), `key-${number}`)
  }
  return map.open.map((_, index) => keys.get(index)!)
}

const written = (shardId: string): PutRecordsResultEntry => ({ shardId, sequenceNumber: "1" })
const refusal: PutRecordsResultEntry = {
  errorCode: "ProvisionedThroughputExceededException",
  errorMessage: "Rate exceeded."
}

const toItem = (parcel: State.Parcel): Item => (parcel as ItemEntry).item

const toStep = (step: Batches.Step): Step<CoreBatch> => {
  switch (step._tag) {
    case "Send":
      return { _tag: "Send", batch: { request: step.request, items: step.request.parcels.map(toItem) } }
    case "Wait":
      return step
    case "Idle":
      return idle
  }
}

/** How the core is configured for a row of the table. */
export interface Variant {
  /** Each shard has a pace of its own. Default: true. */
  readonly hasPace?: boolean
  /** One bound for all lanes takes the place of the core's own, which leaves room to each. Default: false. */
  readonly hasOneBound?: boolean
}

/** The producer of this library, by its own core, with its own defaults. */
export const make = ({ hasOneBound = false, hasPace = true }: Variant = {}): Maker<CoreBatch> => (workload, random) => {
  const policy = drive(workload, random, hasPace, hasOneBound)
  return hasOneBound ? bounded(policy, workload.room) : policy
}

const drive = (
  { bytes, room, shards }: Workload,
  random: () => number,
  hasPace: boolean,
  isUnbounded: boolean
): Policy<CoreBatch> => {
  const map = mapOf(shards)
  const keys = keysOf(map)
  const data = new Uint8Array(bytes)
  const maxBufferedBytes = isUnbounded ? Infinity : room * roomOf(new Entry(data, "", undefined, bytes))
  const state = State.make(
    {
      maxInFlight: 16,
      lingerMillis: 10,
      maxBatchRecords: requestRecords,
      maxBatchBytes: 5 * Limits.mebibyte,
      maxBufferedBytes,
      deadlineMillis: Infinity,
      aggregateBytes: 51_200,
      repeatUnknown: true,
      failSuccessors: false
    },
    { map, order: "none", aggregates: "none", pace: hasPace ? Pace.defaults : undefined },
    0
  )
  return {
    offer: (item, now) => Room.offer(state, new ItemEntry(item, data, keys[item.shard]!), now),
    next: (now) => toStep(Batches.next(state, now)),
    answered: ({ items, request }, refused, now) => {
      const results = items.map(({ shard }, index) => refused[index] ? refusal : written(map.open[shard]!.shardId))
      Answers.answered(state, request, results, now, random())
    }
  }
}
