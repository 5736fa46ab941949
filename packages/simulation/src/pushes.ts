import * as Random from "./random.js"

/** What goes wrong with subscriptions: those of a shard that a number from 0 to 1 picks, or of all. */
export type PushFault =
  | {
    readonly _tag: "EndSubscription" | "BreakSubscription" | "Mute" | "StallEvent"
    readonly shard: number | undefined
    /** It meets so many of the subscriptions to come, from their start, and not those that are live. */
    readonly coming: number | undefined
  }
  | { readonly _tag: "Redeliver"; readonly shard: number | undefined; readonly count: number }
  | { readonly _tag: "TakeOver"; readonly shard: number }
  /** Another program may register the consumer again, some time later. */
  | { readonly _tag: "Deregister"; readonly shard: undefined; readonly againAfter: number | undefined }
  /** For a while the consumer is not ACTIVE. */
  | { readonly _tag: "Suspend"; readonly shard: undefined; readonly millis: number }

/** Operations that only readers call whose shards are pushed. */
export type PushOperation = "subscribeToShard" | "describeStreamConsumer" | "registerStreamConsumer"

/** How shards are pushed in a history. */
export interface Pushing {
  readonly whileUnavailable: "poll" | "wait"
  readonly continuation: "own" | "last-record" | "next"
  readonly endWithContinuation: boolean
}

/** The consumer of every history of a reader. */
export const consumer = "reader"

const someShard = (random: Random.Random): number | undefined => random.chance(0.7) ? random.next() : undefined

/** What goes wrong with subscriptions that are live, or with their consumer. */
export const fault = (random: Random.Random): PushFault =>
  random.weighted<() => PushFault>([
    [4, () => ({
      _tag: random.pick(["EndSubscription", "BreakSubscription", "Mute", "StallEvent"] as const),
      shard: someShard(random),
      coming: undefined
    })],
    [2, () => ({ _tag: "Redeliver", shard: someShard(random), count: random.int(1, 5) })],
    [3, () => ({ _tag: "TakeOver", shard: random.next() })],
    [0.6, () => ({ _tag: "Deregister", shard: undefined, againAfter: undefined })]
  ])()

/** What meets the calls that subscribe. */
export const refusal = (random: Random.Random) =>
  ({
    _tag: random.pick(["Throttle", "Hang", "LoseAnswer", "Unavailable"] as const),
    operation: "subscribeToShard",
    shard: someShard(random),
    times: random.int(1, 5)
  }) as const

export const manner = (random: Random.Random): Pushing => ({
  whileUnavailable: random.weighted([[3, "poll"], [1, "wait"]]),
  continuation: random.pick(["own", "last-record", "next"] as const),
  endWithContinuation: random.chance(0.3)
})

/** Drawn from a separate stream, so that the rest of a seed's history does not change. */
export const draw = (seed: number, healAt: number) => {
  const random = Random.make(seed, 5)
  const pushing = random.chance(0.35) ? manner(random) : undefined
  const count = pushing === undefined ? 0 : random.weighted([[1, 0], [5, random.int(1, 8)], [2, random.int(8, 20)]])
  const steps = Array.from({ length: count }, () => ({
    at: random.int(0, healAt),
    action: random.chance(0.7) ? fault(random) : refusal(random)
  }))
  return { pushing, steps }
}
