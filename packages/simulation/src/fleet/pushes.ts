import type { AnswerField } from "@effect-kinesis/local/LocalKinesis"
import { type Action as StreamAction, write } from "../actions.js"
import * as Pushes from "../pushes.js"
import * as Random from "../random.js"
import type { Change } from "../stream.js"

/** How a fleet's shards are pushed. */
export interface Pushing extends Pushes.Pushing {
  /** The fraction of the workers whose shards are pushed; the others poll. */
  readonly share: number
  /** The consumer is there from the beginning. */
  readonly isRegistered: boolean
}

const second = 1_000

/** What goes wrong with subscriptions, or with their consumer, at this time. */
const fault = (random: Random.Random, left: number): Change =>
  random.weighted<() => Change>([
    [10, () => Pushes.fault(random)],
    [4, () => ({
      _tag: random.pick(["EndSubscription", "BreakSubscription", "Mute", "Mute", "StallEvent"] as const),
      shard: random.chance(0.5) ? random.next() : undefined,
      coming: random.int(1, 6)
    })],
    [1, () => ({
      _tag: "Deregister",
      shard: undefined,
      againAfter: random.chance(0.5) ? Math.min(left, random.int(0, 5 * second)) : undefined
    })],
    [1, () => ({ _tag: "Suspend", shard: undefined, millis: Math.min(left, random.int(0, 10 * second)) })]
  ])()

/** What meets the calls that only pushed workers make, or what their events lack. */
const refusal = (random: Random.Random): StreamAction & Change =>
  random.weighted<() => StreamAction & Change>([
    [4, () => Pushes.refusal(random)],
    [1, () => ({
      _tag: "Delay",
      operation: "subscribeToShard",
      shard: undefined,
      times: random.int(1, 4),
      millis: random.pick([random.int(50, 900), random.int(1, 9) * second])
    })],
    [2, () => ({
      _tag: "Omit",
      operation: "subscribeToShard",
      shard: undefined,
      times: random.int(1, 6),
      fields: random.pick<ReadonlyArray<AnswerField>>([
        ["continuationSequenceNumber"],
        ["childShards"],
        ["continuationSequenceNumber", "childShards", "millisBehindLatest"]
      ])
    })],
    [2, () => ({
      _tag: random.pick(["Throttle", "Hang", "LoseAnswer", "Unavailable"] as const),
      operation: random.pick(["describeStreamConsumer", "registerStreamConsumer"] as const),
      shard: undefined,
      times: random.int(1, 5)
    })]
  ])()

/** Another program that uses the same consumer takes a shard whenever it can. */
const rival = (random: Random.Random, healAt: number) => {
  const from = random.int(0, Math.floor(healAt / 2))
  const shard = random.next()
  return Array.from({ length: random.int(3, 8) }, (_, index) => ({
    at: Math.min(healAt, from + index * random.int(5 * second, 6 * second)),
    action: { _tag: "TakeOver" as const, shard }
  }))
}

interface Step {
  readonly at: number
  readonly action: { readonly _tag: string }
}

/** The frame of a history. */
interface Frame {
  readonly seed: number
  readonly healAt: number
  readonly keys: number
}

/** What is written when all is well: of a shard whose subscription is silent it may be what shows that. */
const lastWrite = ({ healAt, keys }: Frame) => ({
  at: healAt,
  action: { _tag: "Write" as const, keys: Array.from({ length: keys }, (_, key) => key), rounds: 1, bytes: 0 }
})

const actionsAtReshard: ReadonlyArray<Change> = [
  { _tag: "EndSubscription", shard: undefined, coming: undefined },
  { _tag: "BreakSubscription", shard: undefined, coming: undefined },
  { _tag: "EndSubscription", shard: undefined, coming: 4 },
  { _tag: "Omit", operation: "subscribeToShard", shard: undefined, times: 4, fields: ["childShards"] }
]

/** What is written when the shards change is on its way when they close, and their subscriptions may end before it has come. */
const atReshard = (random: Random.Random, { healAt, keys }: Frame, at: number) => [
  { at: Math.max(0, at - random.int(0, 60)), action: write(random, keys) as Extract<StreamAction, { _tag: "Write" }> },
  { at: Math.min(healAt, at + random.int(0, 100)), action: random.pick(actionsAtReshard) }
]

/**
 * A worker whose subscriptions have ended while it was paused subscribes at once when it goes on, before it knows that its leases are another's:
 * it takes the subscriptions of their owners.
 */
const inPause = (random: Random.Random, { healAt }: Frame, at: number) => ({
  at: Math.min(healAt, at + random.int(1, 2 * second)),
  action: { _tag: "EndSubscription" as const, shard: undefined, coming: undefined }
})

const isReshard = ({ action: { _tag } }: Step): boolean => _tag === "Split" || _tag === "Merge" || _tag === "Resize"

/**
 * Drawn from a separate stream, so that the rest of a seed's history does not change. A calm fleet has nothing but its own moves, besides these
 * other `steps`.
 */
export const draw = (frame: Frame, isCalm: boolean, other: ReadonlyArray<Step>) => {
  const { healAt, seed } = frame
  const random = Random.make(seed, 7)
  if (!random.chance(0.35)) return { pushing: undefined, steps: [] }
  const pushing: Pushing = {
    ...Pushes.manner(random),
    share: random.weighted([[6, 1], [4, 0.2 + 0.6 * random.next()]]),
    isRegistered: random.chance(0.4)
  }
  const count = isCalm ? 0 : random.weighted([[1, 0], [5, random.int(1, 8)], [3, random.int(8, 24)]])
  const steps = Array.from({ length: count }, () => {
    const at = random.int(0, healAt)
    return { at, action: random.chance(0.7) ? fault(random, healAt - at) : refusal(random) }
  })
  const rivals = !isCalm && random.chance(0.15) ? rival(random, healAt) : []
  const reshards = isCalm ? [] : other.filter(isReshard).filter(() => random.chance(0.4))
  const atReshards = reshards.flatMap(({ at }) => atReshard(random, frame, at))
  const inPauses = other.filter(({ action }) => action._tag === "Pause").filter(() => random.chance(0.5))
    .map(({ at }) => inPause(random, frame, at))
  return { pushing, steps: [...steps, ...rivals, ...atReshards, ...inPauses, lastWrite(frame), lastWrite(frame)] }
}
