import * as Random from "../random.js"
import * as Actions from "./actions.js"
import type { Given } from "./records.js"

/** How a caller gives its records. */
export type Door = "put" | "putAll" | "putAllSettled" | "offer" | "tryOffer" | "sink" | "failing sink"

/** A program that gives records to the producer, in chunks, one after the other. */
export interface Caller {
  readonly door: Door
  readonly startsAt: number
  readonly chunks: ReadonlyArray<ReadonlyArray<Given>>
  /** How long it does something else between two chunks. */
  readonly gapMillis: number
  /** It is interrupted so long after its start. */
  readonly interruptedAfter: number | undefined
}

/** How the producer is made. */
export interface Settings {
  readonly maxInFlight: number
  readonly lingerMillis: number
  readonly maxBatchRecords: number
  readonly maxBatchBytes: number
  readonly maxBufferedBytes: number
  readonly recordDeadlineMillis: number
  readonly order: "none" | "key"
  readonly aggregate: { readonly maxBytes: number; readonly by: "shard" | "key" } | undefined
  readonly onFailure: "fail" | "skip"
  readonly onUnknown: "repeat" | "fail"
  readonly hasPace: boolean
  /** After so many failures in a row a request is given up; undefined for never. */
  readonly mostRetries: number | undefined
  readonly closeTimeoutMillis: number
}

/**
 * A history before it happens: plain data, and everything that a seed decides except the order of events at one instant.
 */
export interface Scenario {
  readonly seed: number
  /** What it is about: whatever may go wrong, or a shard that gets more than it takes while nothing else goes wrong. */
  readonly about: "faults" | "hot shard"
  readonly shardCount: number
  readonly latencyMillis: number
  readonly transitionMillis: number
  readonly requestTimeoutMillis: number
  readonly shuffled: boolean
  readonly stepsBeforeYield: number
  readonly settings: Settings
  readonly callers: ReadonlyArray<Caller>
  readonly steps: ReadonlyArray<Actions.Step>
  /** From here on nothing goes wrong any more. */
  readonly healAt: number
  /** The producer is closed then; undefined if only when its callers are done. */
  readonly closeAt: number | undefined
}

const second = 1_000
const minute = 60 * second
const kibibyte = 1024
const hashKeys = 2n ** 128n

const hashKeyOf = (part: number): string => String((hashKeys * BigInt(Math.floor(part * 1_000_000))) / 1_000_000n)

const drawSettings = (random: Random.Random): Settings => {
  const order = random.pick(["none", "none", "key"] as const)
  return {
    maxInFlight: random.pick([1, 2, 4, 16]),
    lingerMillis: random.pick([0, 10, 10, random.int(1, 100)]),
    maxBatchRecords: random.pick([1, random.int(2, 20), 500, 500]),
    maxBatchBytes: random.pick([64 * kibibyte, 5 * kibibyte * kibibyte]),
    maxBufferedBytes: random.pick([
      random.int(1, 20) * kibibyte,
      random.int(20, 400) * kibibyte,
      64 * kibibyte * kibibyte
    ]),
    recordDeadlineMillis: random.pick([random.int(1, 10) * second, 2 * minute, 2 * minute]),
    order,
    onFailure: random.pick(["fail", "skip"]),
    onUnknown: random.chance(0.15) ? "fail" : "repeat",
    aggregate: random.chance(0.5)
      ? {
        maxBytes: random.pick([random.int(100, 2000), 51_200]),
        by: order === "key" ? "shard" : random.pick(["shard", "shard", "key"])
      }
      : undefined,
    hasPace: random.chance(0.85),
    mostRetries: random.chance(0.15) ? random.int(0, 4) : undefined,
    closeTimeoutMillis: random.pick([0, random.int(1, 10) * second, 30 * second])
  }
}

/** Numbers the records of a history. */
const makeNumbering = () => {
  let last = 0
  return () => ++last
}

interface Keys {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
}

/** A caller has keys of its own, so that what it gives in order is the order of its keys. */
const drawKeys = (random: Random.Random, caller: number): ReadonlyArray<Keys> =>
  Array.from({ length: random.int(1, 5) }, (_, key) => ({
    partitionKey: `caller-${caller}-key-${key}`,
    explicitHashKey: random.chance(0.15) ? hashKeyOf(random.next()) : undefined
  }))

const drawChunks = (
  random: Random.Random,
  keys: ReadonlyArray<Keys>,
  number: () => number
): ReadonlyArray<ReadonlyArray<Given>> => {
  const size = random.weighted([[4, () => 1], [4, () => random.int(1, 6)], [1, () => random.int(5, 30)]])
  const bytes = random.pick([0, random.int(20, 400), random.int(400, 4000)])
  return Array.from({ length: random.int(1, 12) }, () =>
    Array.from({ length: size() }, (): Given => {
      const of = random.pick(keys)
      const isInvalid = random.chance(0.01)
      return {
        id: number(),
        partitionKey: isInvalid ? `${of.partitionKey}-${"long".repeat(64)}` : of.partitionKey,
        explicitHashKey: of.explicitHashKey,
        bytes: random.chance(0.01) ? 300 * kibibyte : bytes,
        isInvalid
      }
    }))
}

const drawCaller = (random: Random.Random, caller: number, number: () => number, until: number): Caller => ({
  door: random.pick(["put", "put", "putAll", "putAllSettled", "offer", "tryOffer", "sink", "failing sink"]),
  startsAt: random.pick([0, random.int(0, 2 * second), random.int(0, until)]),
  chunks: drawChunks(random, drawKeys(random, caller), number),
  gapMillis: random.pick([0, 0, random.int(1, 50), random.int(50, 3000)]),
  interruptedAfter: random.chance(0.15) ? random.pick([random.int(0, 100), random.int(0, 5 * second)]) : undefined
})

/** How the producer writes: in order of keys and together, one after the other. */
const operationOf = ({ aggregate, order }: Settings): Actions.WriteOperation =>
  order === "key" && aggregate !== undefined ? "putRecord" : "putRecords"

/** Requests that are under way when the producer is closed, and that have been written, or are written later. */
const drawLate = (random: Random.Random, settings: Settings, closeAt: number): ReadonlyArray<Actions.Step> =>
  random.chance(0.6)
    ? [{
      at: Math.max(0, closeAt - random.int(0, 500)),
      action: {
        _tag: random.pick(["DelayAnswer", "Straggle"]),
        operation: operationOf(settings),
        shard: undefined,
        times: random.int(1, 10),
        millis: random.int(1, 9) * second
      }
    }]
    : []

/** The steps of a history. Without a map of the shards nobody finds out that aggregates of one key are distributed. */
const drawSteps = (random: Random.Random, settings: Settings, healAt: number): ReadonlyArray<Actions.Step> => {
  const { aggregate, hasPace, order } = settings
  const operation = operationOf(settings)
  const several = (count: number, action: () => Actions.Action): ReadonlyArray<Actions.Step> =>
    Array.from({ length: count }, () => ({ at: random.pick([0, random.int(0, healAt)]), action: action() }))
  const reshards = random.weighted([[4, 0], [4, random.int(1, 3)], [1, random.int(3, 6)]])
  const faults = random.weighted([[1, 0], [5, random.int(1, 6)], [2, random.int(6, 14)]])
  const auto = order === "none" && (hasPace || aggregate?.by !== "key") && random.chance(0.1)
  return [
    ...several(reshards, () => Actions.reshard(random)),
    ...several(faults, () => Actions.fault(random, operation)),
    ...several(random.chance(0.06) ? 1 : 0, () => Actions.outage(random)),
    ...several(auto ? 1 : 0, () => ({ _tag: "Distribute", strategy: "AUTO" })),
    ...several(random.weighted([[6, 0], [3, 1], [1, 3]]), () => ({ _tag: "Flush" }))
  ]
}

/** What every history has. */
const drawFrame = (random: Random.Random, seed: number) => ({
  seed,
  shardCount: random.int(1, 6),
  latencyMillis: random.weighted([[1, 0], [5, random.int(1, 80)], [1, random.int(80, 600)]]),
  transitionMillis: random.weighted([[5, 0], [4, random.int(1, 20) * second]]),
  requestTimeoutMillis: random.pick([1, 3, 5]) * second,
  shuffled: random.chance(0.5),
  stepsBeforeYield: random.weighted([[10, 2048], [1, 200], [0.5, 40]])
})

/** A shard that gets much more than it takes, by somebody who does not wait, and callers of other shards that do. */
const hotShard = (random: Random.Random, seed: number): Scenario => {
  const number = makeNumbering()
  const shardCount = random.int(2, 6)
  const at = (shard: number) => hashKeyOf((shard + 0.5) / shardCount)
  const flood = Array.from({ length: random.int(60, 150) }, (): Given => ({
    id: number(),
    partitionKey: "hot",
    explicitHashKey: at(0),
    bytes: 50 * kibibyte,
    isInvalid: false
  }))
  const cold = (caller: number): Caller => ({
    door: "put",
    startsAt: random.int(0, 2 * second),
    chunks: Array.from({ length: random.int(3, 12) }, () => [{
      id: number(),
      partitionKey: `cold-${caller}`,
      explicitHashKey: at(random.int(1, shardCount - 1)),
      bytes: random.int(20, 400),
      isInvalid: false
    }]),
    gapMillis: random.int(20, 300),
    interruptedAfter: undefined
  })
  return {
    ...drawFrame(random, seed),
    about: "hot shard",
    shardCount,
    latencyMillis: random.int(5, 100),
    settings: {
      ...drawSettings(random),
      maxInFlight: random.pick([4, 16]),
      maxBatchRecords: 500,
      maxBufferedBytes: random.pick([2, 8, 64]) * kibibyte * kibibyte,
      recordDeadlineMillis: 2 * minute,
      order: "none",
      aggregate: undefined,
      hasPace: true,
      mostRetries: undefined
    },
    callers: [
      { door: "offer", startsAt: 0, chunks: flood.map((given) => [given]), gapMillis: 0, interruptedAfter: undefined },
      ...Array.from({ length: random.int(1, 4) }, (_, caller) => cold(caller))
    ],
    steps: [],
    healAt: 0,
    closeAt: undefined
  }
}

/** The history that a seed stands for. The order of the draws matters: a different order would give a different history. */
export const make = (seed: number): Scenario => {
  const random = Random.make(seed)
  if (random.chance(0.06)) return hotShard(random, seed)
  const number = makeNumbering()
  const frame = drawFrame(random, seed)
  const settings = drawSettings(random)
  const healAt = random.weighted([[4, random.int(2, 20) * second], [2, random.int(20, 90) * second]])
  const closeAt = random.chance(0.25) ? random.int(0, healAt) : undefined
  const steps = [
    ...drawSteps(random, settings, healAt),
    ...(closeAt === undefined ? [] : drawLate(random, settings, closeAt))
  ]
  return {
    ...frame,
    about: "faults",
    settings,
    callers: Array.from(
      { length: random.int(1, 5) },
      (_, caller) => drawCaller(random, caller, number, healAt)
    ),
    steps: steps.sort((a, b) => a.at - b.at),
    healAt,
    closeAt
  }
}
