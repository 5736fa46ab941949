import type { KmsCode } from "@effect-kinesis/local/LocalKinesis"
import type * as Random from "../random.js"

/** What a writer calls. */
export type WriteOperation = "putRecords" | "putRecord"

/** Which calls meet a fault. A `shard` is a number from 0 to 1 that picks one of those that exist by then; without it, all are meant. */
interface Calls {
  readonly operation: WriteOperation
  readonly shard: number | undefined
  readonly times: number
}

/** One thing that happens to the stream. */
export type Action =
  | { readonly _tag: "Split"; readonly shard: number; readonly at: number }
  | { readonly _tag: "Merge"; readonly shard: number }
  | { readonly _tag: "Resize"; readonly factor: number }
  | { readonly _tag: "Throttle" | "Hang" | "LoseAnswer" | "Unavailable" } & Calls
  | { readonly _tag: "Delay" | "DelayAnswer" | "Straggle"; readonly millis: number } & Calls
  /** Of the entries of so many requests, some fail. */
  | { readonly _tag: "FailEntries"; readonly times: number; readonly part: number; readonly errorCode: EntryErrorCode }
  | { readonly _tag: "OmitEntries"; readonly times: number; readonly count: number }
  | { readonly _tag: "FailKms"; readonly times: number; readonly code: KmsCode }
  | { readonly _tag: "Deny" | "Expire"; readonly operation: WriteOperation; readonly times: number }
  /** The producer's knowledge of the stream does not come. */
  | { readonly _tag: "HideShards"; readonly operation: "listShards" | "describeStreamSummary"; readonly times: number }
  | { readonly _tag: "Distribute"; readonly strategy: "AUTO" | "USER_PARTITION_KEY" }
  | { readonly _tag: "Outage"; readonly millis: number }
  | { readonly _tag: "Flush" }

type EntryErrorCode = "InternalFailure" | "ProvisionedThroughputExceededException"

export interface Step {
  /** Milliseconds since the history's start. */
  readonly at: number
  readonly action: Action
}

const second = 1_000

/** The shards change. */
export const reshard = (random: Random.Random): Action =>
  random.weighted<() => Action>([
    [4, () => ({ _tag: "Split", shard: random.next(), at: random.pick([0.5, 0.5, random.next()]) })],
    [4, () => ({ _tag: "Merge", shard: random.next() })],
    [2, () => ({ _tag: "Resize", factor: random.pick([0.5, 1.5, 2]) })]
  ])()

const someCalls = (random: Random.Random, operation: WriteOperation, most: number): Calls => ({
  operation,
  shard: random.chance(0.4) ? random.next() : undefined,
  times: random.int(1, most)
})

const someMillis = (random: Random.Random): number =>
  random.pick([random.int(5, 200), random.int(200, 2000), random.int(2, 9) * second])

/** What goes wrong with calls that write. */
export const fault = (random: Random.Random, operation: WriteOperation): Action =>
  random.weighted<() => Action>([
    [5, () => ({ _tag: "Throttle", ...someCalls(random, operation, 6) })],
    [4, () => ({ _tag: "LoseAnswer", ...someCalls(random, operation, 3) })],
    [3, () => ({ _tag: "DelayAnswer", ...someCalls(random, operation, 3), millis: someMillis(random) })],
    [3, () => ({ _tag: "Straggle", ...someCalls(random, operation, 3), millis: someMillis(random) })],
    [3, () => ({ _tag: "Delay", ...someCalls(random, operation, 3), millis: someMillis(random) })],
    [2, () => ({ _tag: "Hang", ...someCalls(random, operation, 2) })],
    [3, () => ({ _tag: "Unavailable", ...someCalls(random, operation, 6) })],
    [6, () => ({
      _tag: "FailEntries",
      times: random.int(1, 6),
      part: random.pick([1, random.next()]),
      errorCode: random.pick(["InternalFailure", "ProvisionedThroughputExceededException"])
    })],
    [2, () => ({ _tag: "OmitEntries", times: random.int(1, 3), count: random.int(1, 5) })],
    [2, () => ({
      _tag: "FailKms",
      times: random.int(1, 3),
      code: random.pick<KmsCode>(["KMSThrottlingException", "KMSThrottlingException", "KMSDisabledException"])
    })],
    [0.6, () => ({ _tag: random.pick(["Deny", "Expire"] as const), operation, times: random.int(1, 2) })],
    [2, () => ({
      _tag: "HideShards",
      operation: random.pick(["listShards", "describeStreamSummary"] as const),
      times: random.int(1, 5)
    })]
  ])()

/** Nothing of the service answers for a while. */
export const outage = (random: Random.Random): Action => ({ _tag: "Outage", millis: random.int(1, 30) * second })
