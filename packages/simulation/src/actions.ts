import type { AnswerField } from "@effect-kinesis/local/LocalKinesis"
import type { PushFault, PushOperation } from "./pushes.js"
import type * as Random from "./random.js"

/** Operations that a reader calls. */
export type ReadOperation = "getRecords" | "getShardIterator" | "listShards" | "describeStreamSummary"

/**
 * One thing that happens to the stream. A `shard` is a number from 0 to 1 that picks one of the shards that exist by
 * then; without it, all shards are affected.
 */
export type Action =
  | { readonly _tag: "Write"; readonly keys: ReadonlyArray<number>; readonly rounds: number; readonly bytes: number }
  | { readonly _tag: "Split"; readonly shard: number; readonly at: number }
  | { readonly _tag: "Merge"; readonly shard: number }
  | { readonly _tag: "Resize"; readonly factor: number }
  | {
    readonly _tag: "Throttle" | "Hang" | "LoseAnswer" | "Unavailable"
    readonly operation: ReadOperation | PushOperation | "putRecords"
    readonly shard: number | undefined
    readonly times: number
  }
  | {
    readonly _tag: "Delay"
    readonly operation: ReadOperation | PushOperation
    readonly shard: number | undefined
    readonly times: number
    readonly millis: number
  }
  | { readonly _tag: "ExpireIterator" | "EmptyPages"; readonly shard: number | undefined; readonly times: number }
  | { readonly _tag: "ExpireListToken"; readonly times: number }
  | {
    readonly _tag: "Omit"
    readonly operation: ReadOperation | PushOperation
    readonly shard: number | undefined
    readonly times: number
    readonly fields: ReadonlyArray<AnswerField>
  }
  | { readonly _tag: "Trim"; readonly shard: number | undefined; readonly part: number }
  | { readonly _tag: "ExpireShard"; readonly shard: number }
  | PushFault
  | { readonly _tag: "Outage"; readonly operation: ReadOperation | undefined; readonly millis: number }

export interface Step {
  /** Milliseconds since the history's start. */
  readonly at: number
  readonly action: Action
}

const second = 1_000
const minute = 60 * second

const readOperation = (random: Random.Random): ReadOperation =>
  random.weighted([[6, "getRecords"], [3, "getShardIterator"], [3, "listShards"], [0.5, "describeStreamSummary"]])

const someShard = (random: Random.Random): number | undefined => random.chance(0.6) ? random.next() : undefined

/** An operation and, if it is one of a shard, perhaps a shard. */
const someCall = (random: Random.Random, operation = readOperation(random)) => ({
  operation,
  shard: operation === "getRecords" || operation === "getShardIterator" ? someShard(random) : undefined
})

/** Some of the keys get records. */
export const write = (random: Random.Random, keys: number): Action => {
  const wanted = random.int(1, keys)
  const chosen = Array.from({ length: keys }, (_, key) => key).filter(() => random.next() * keys < wanted)
  return {
    _tag: "Write",
    keys: chosen.length > 0 ? chosen : [random.int(0, keys - 1)],
    rounds: random.weighted([[6, 1], [3, random.int(2, 4)], [1, random.int(5, 9)]]),
    bytes: random.chance(0.04) ? 200_000 : 0
  }
}

/** The shards change. */
export const reshard = (random: Random.Random): Action =>
  random.weighted<() => Action>([
    [4, () => ({ _tag: "Split", shard: random.next(), at: random.pick([0.5, 0.5, random.next()]) })],
    [4, () => ({ _tag: "Merge", shard: random.next() })],
    [2, () => ({ _tag: "Resize", factor: random.pick([0.5, 0.75, 1.5, 2]) })]
  ])()

/** What goes wrong with a call of the stream. */
export const fault = (random: Random.Random, operation?: ReadOperation): Action =>
  random.weighted<() => Action>([
    [5, () => ({ _tag: "Throttle", ...someCall(random, operation), times: random.int(1, 6) })],
    [5, () => ({ _tag: "ExpireIterator", shard: someShard(random), times: random.int(1, 3) })],
    [4, () => ({ _tag: "EmptyPages", shard: someShard(random), times: random.int(1, 6) })],
    [2, () => ({ _tag: "Hang", ...someCall(random, operation), times: random.int(1, 2) })],
    [3, () => ({
      _tag: "Delay",
      ...someCall(random, operation),
      times: random.int(1, 4),
      millis: random.pick([random.int(50, 900), random.int(1, 9) * second, random.int(10, 40) * second])
    })],
    [4, () => ({ _tag: "LoseAnswer", ...someCall(random, operation), times: random.int(1, 3) })],
    [4, () => ({ _tag: "Unavailable", ...someCall(random, operation), times: random.int(1, 8) })],
    [3, () => ({ _tag: "ExpireListToken", times: random.int(1, 2) })],
    [2, () => ({
      _tag: random.pick(["Throttle", "Throttle", "LoseAnswer", "Unavailable"] as const),
      operation: "putRecords",
      shard: someShard(random),
      times: random.int(1, 3)
    })]
  ])()

/** Answers that lack fields that a reader relies on; its listings are complete. */
export const partialAnswer = (random: Random.Random): Action => {
  const [operation, fields] = random.weighted<readonly [ReadOperation, ReadonlyArray<AnswerField>]>([
    [4, ["getRecords", ["nextShardIterator"]]],
    [3, ["getRecords", ["millisBehindLatest"]]],
    [2, ["getRecords", ["childShards"]]],
    [2, ["getRecords", ["nextShardIterator", "childShards"]]],
    [3, ["getRecords", ["nextShardIterator", "millisBehindLatest", "childShards"]]],
    [1, ["getShardIterator", ["shardIterator"]]],
    [2, ["listShards", ["shards"]]]
  ])
  return { _tag: "Omit", ...someCall(random, operation), times: random.int(1, 6), fields }
}

const fieldsOf = {
  getRecords: [
    ["nextShardIterator"],
    ["nextShardIterator", "millisBehindLatest", "childShards"],
    ["childShards"],
    ["childShards", "nextShardIterator"],
    ["millisBehindLatest"]
  ],
  getShardIterator: [["shardIterator"]],
  listShards: [["shards"], ["nextToken"], ["shards", "nextToken"]]
} as const satisfies Partial<Record<ReadOperation, ReadonlyArray<ReadonlyArray<AnswerField>>>>

/** Answers that lack fields that a fleet relies on, including further pages of its listings. */
export const omission = (random: Random.Random): Action => {
  const operation = random.weighted([[5, "getRecords"], [2, "getShardIterator"], [4, "listShards"]] as const)
  return {
    _tag: "Omit",
    ...someCall(random, operation),
    fields: random.pick<ReadonlyArray<AnswerField>>(fieldsOf[operation]),
    times: random.weighted([[4, random.int(1, 3)], [2, random.int(4, 12)]])
  }
}

/** Records, or a closed shard, leave the stream before their time. */
export const loss = (random: Random.Random): Action =>
  random.chance(0.6)
    ? { _tag: "Trim", shard: someShard(random), part: random.pick([1, random.next()]) }
    : { _tag: "ExpireShard", shard: random.next() }

/** All calls of an operation, or all calls, fail for a while. */
export const outage = (random: Random.Random): Action => ({
  _tag: "Outage",
  operation: random.pick([undefined, "getRecords", "getShardIterator", "listShards"]),
  millis: random.pick([random.int(30, 120) * second, random.int(6, 13) * minute])
})
