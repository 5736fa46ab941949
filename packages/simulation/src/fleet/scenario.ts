import { type Action as StreamAction, fault, omission, reshard, write } from "../actions.js"
import * as Random from "../random.js"
import type { Change } from "../stream.js"
import * as Pushes from "./pushes.js"

/** How the worker's program takes what it reads. */
export type Intake = "records" | "pages" | "shards"

/** What to do with records whose handlers failed. */
export type Policy = "fail" | "restart" | "dead-letter" | "skip"

/** How the lease store is out of one worker's reach. */
export type Cut = "hang" | "refuse" | "lose answers" | "some"

/** The machine that a worker runs on. */
export interface Machine {
  /** Its wall clock is ahead by this, or behind. */
  readonly wallMillis: number
  readonly uptimeMillis: number
}

/** A `worker` is a number from 0 to 1 that picks one of those that run by then. */
export type FleetAction =
  | { readonly _tag: "Join"; readonly member: Machine }
  | {
    readonly _tag: "Leave"
    readonly worker: number
    readonly how: "shutdown" | "interrupt"
    /** Handlers are given up after this. */
    readonly hurryAfter: number | undefined
  }
  | {
    readonly _tag: "Crash"
    readonly worker: number
    /** When it is started again. */
    readonly downMillis: number | undefined
  }
  | { readonly _tag: "Pause"; readonly worker: number; readonly millis: number; readonly isAsleep: boolean }
  | { readonly _tag: "Partition"; readonly worker: number; readonly millis: number; readonly how: Cut }
  | { readonly _tag: "StepClock"; readonly worker: number; readonly millis: number }
  | {
    readonly _tag: "ThrottleTable" | "FailTable" | "LoseTableAnswer" | "HangTable"
    readonly times: number
  }
  | { readonly _tag: "DelayTable"; readonly times: number; readonly millis: number }
  | { readonly _tag: "RetireShard"; readonly shard: number }

export type Action = Extract<StreamAction, { _tag: "Write" }> | Change | FleetAction

export interface Step {
  /** Milliseconds since the history's start. */
  readonly at: number
  /** Of the stream that it happens to, if it happens to one. */
  readonly place: number
  readonly action: Action
}

type Drawn = Omit<Step, "place">

/** A history of a fleet before it happens. */
export interface Scenario {
  readonly seed: number
  readonly shardCount: number
  readonly listingPage: number
  readonly latencyMillis: number
  readonly storeLatencyMillis: number
  /** A call of the lease store that takes longer has no answer. */
  readonly storeDeadlineMillis: number
  readonly transitionMillis: number
  readonly shuffled: boolean
  readonly stepsBeforeYield: number
  readonly intake: Intake
  readonly concurrency: number
  readonly policy: Policy
  /** The fraction of the pieces of work that fail, until all is well. */
  readonly failing: number
  readonly slow: number
  readonly slowMillis: number
  readonly handlerMillis: number
  /** With shards: handled records are acknowledged after this many, and stored at once. */
  readonly stageEvery: number
  readonly flushes: boolean
  readonly inAnyOrder: boolean
  readonly leaseMillis: number
  readonly balanceMillis: number
  readonly discoveryMillis: number
  readonly checkpointMillis: number | undefined
  readonly checkpointRecords: number
  readonly maxUnacknowledged: number
  readonly drainMillis: number
  readonly cleanupMillis: number
  readonly maxRecords: number
  readonly pollMillis: number
  readonly idleMillis: number
  /** Those that start at the beginning, after these times. */
  readonly members: ReadonlyArray<readonly [startsAt: number, member: Machine]>
  /** A worker that failed is started again after this. */
  readonly restartMillis: number
  readonly keys: number
  readonly steps: ReadonlyArray<Step>
  /** Nothing happens but that workers join and leave. */
  readonly isCalm: boolean
  /** How many streams there are: 1 or 2. */
  readonly streams: number
  /** Shards are pushed; undefined if all workers poll. */
  readonly pushing: Pushes.Pushing | undefined
  /** From here on nothing goes wrong any more. */
  readonly healAt: number
}

const second = 1_000
const minute = 60 * second

const drawMachine = (random: Random.Random): Machine => ({
  wallMillis: random.chance(0.5) ? 0 : random.int(-10 * minute, 10 * minute),
  uptimeMillis: random.pick([0, random.int(0, 3_600_000)])
})

const disturbance = (random: Random.Random, leaseMillis: number): FleetAction =>
  random.weighted<() => FleetAction>([
    [4, () => ({ _tag: "Join", member: drawMachine(random) })],
    [4, () => ({
      _tag: "Leave",
      worker: random.next(),
      how: random.pick(["shutdown", "interrupt"]),
      hurryAfter: random.chance(0.3) ? random.int(0, 3 * second) : undefined
    })],
    [3, () => ({
      _tag: "Crash",
      worker: random.next(),
      downMillis: random.chance(0.6) ? random.int(0, 15 * second) : undefined
    })],
    [3, () => ({
      _tag: "Pause",
      worker: random.next(),
      millis: Math.ceil(leaseMillis * random.pick([random.next(), 1 + random.next(), 4 * random.next()])),
      isAsleep: random.chance(0.4)
    })],
    [4, () => ({
      _tag: "Partition",
      worker: random.next(),
      millis: Math.ceil(leaseMillis * random.pick([random.next(), 1 + random.next(), 4 * random.next()])),
      how: random.pick(["hang", "refuse", "lose answers", "some"])
    })],
    [1, () => ({
      _tag: "StepClock",
      worker: random.next(),
      millis: random.pick([-1, 1]) * random.int(1, random.pick([second, 10 * minute]))
    })],
    [3, () => ({
      _tag: random.pick(["ThrottleTable", "ThrottleTable", "FailTable", "LoseTableAnswer", "HangTable"] as const),
      times: random.pick([1, random.int(1, 5), random.int(5, 40)])
    })],
    [1.5, () => ({
      _tag: "DelayTable",
      times: random.int(1, 5),
      millis: random.pick([random.int(10, 500), random.int(1, 2 * leaseMillis)])
    })],
    [1, () => ({ _tag: "RetireShard", shard: random.next() })]
  ])()

/** Everything that is drawn first, and on which the rest of the scenario depends. */
interface Frame {
  readonly seed: number
  readonly leaseMillis: number
  readonly healAt: number
  readonly keys: number
}

/** This many actions, each at some time before all is well. */
const several = (
  random: Random.Random,
  { healAt }: Frame,
  count: number,
  action: () => Action
): ReadonlyArray<Drawn> => Array.from({ length: count }, () => ({ at: random.int(0, healAt), action: action() }))

/** Drawn from a separate stream, so that the rest of a seed's history does not change. */
const drawOmissions = (random: Random.Random, frame: Frame): ReadonlyArray<Drawn> =>
  random.chance(0.6) ? [] : several(random, frame, random.int(1, 6), () => omission(random) as Action)

const joinOrLeave = (random: Random.Random): FleetAction =>
  random.chance(0.5) ? { _tag: "Join", member: drawMachine(random) } : {
    _tag: "Leave",
    worker: random.next(),
    how: random.pick(["shutdown", "interrupt"]),
    hurryAfter: undefined
  }

/** Disturbances, faults of the stream, and perhaps a burst of disturbances within a second. */
const drawTrouble = (random: Random.Random, frame: Frame, burstAt: number): ReadonlyArray<Drawn> => [
  ...several(random, frame, random.int(1, 8), () => disturbance(random, frame.leaseMillis)),
  ...several(random, frame, random.weighted([[3, 0], [2, random.int(1, 4)]]), () => fault(random) as Action),
  ...random.chance(0.3)
    ? several(random, frame, random.int(2, 4), () => disturbance(random, frame.leaseMillis)).map(({ action }) => ({
      at: burstAt + random.int(0, 2) * 300,
      action
    }))
    : []
]

const drawSteps = (random: Random.Random, frame: Frame, isCalm: boolean): ReadonlyArray<Drawn> => {
  const { healAt, keys, seed } = frame
  const burstAt = random.int(0, healAt)
  return [
    ...isCalm ? [] : drawOmissions(Random.make(seed, 6), frame),
    ...(random.chance(0.6) ? [{ at: 0, action: write(random, keys) as Action }] : []),
    ...several(random, frame, random.int(4, 16), () => write(random, keys) as Action),
    ...several(
      random,
      frame,
      random.weighted([[3, 0], [4, random.int(1, 2)], [1, random.int(3, 5)]]),
      () => reshard(random) as Action
    ),
    ...isCalm
      ? several(random, frame, random.int(0, 3), () => joinOrLeave(random))
      : drawTrouble(random, frame, burstAt)
  ]
}

/** What happens to which stream, where there are two. */
const places = (random: Random.Random, steps: ReadonlyArray<Drawn>) => {
  const streams = random.chance(0.12) ? 2 : 1
  return { streams, placed: steps.map((step): Step => ({ ...step, place: streams > 1 && random.chance(0.5) ? 1 : 0 })) }
}

/** How the workers, their programs and the services are set. */
const drawSettings = (
  random: Random.Random,
  frame: Frame,
  steps: ReadonlyArray<Drawn>,
  { isCalm, size }: { readonly isCalm: boolean; readonly size: number }
): Scenario => {
  const { healAt, leaseMillis, seed } = frame
  const pushes = Pushes.draw(frame, isCalm, steps)
  const { placed, streams } = places(Random.make(seed, 9), [...steps, ...pushes.steps])
  return {
    ...frame,
    isCalm,
    pushing: pushes.pushing,
    streams,
    steps: [...placed].sort((a, b) => a.at - b.at),
    shardCount: random.weighted([[1, 1], [5, random.int(2, 5)], [2, random.int(6, 10)]]),
    listingPage: random.pick([2, 3, 1000]),
    latencyMillis: random.weighted([[3, 0], [3, random.int(1, 80)]]),
    storeLatencyMillis: random.weighted([[3, 0], [3, random.int(1, 40)], [1, random.int(40, 150)]]),
    storeDeadlineMillis: random.pick([1, 3]) * second,
    transitionMillis: random.weighted([[5, 0], [3, random.int(1, 5) * second]]),
    shuffled: random.chance(0.6),
    stepsBeforeYield: random.weighted([[10, 2048], [1, 200], [0.5, 40]]),
    intake: random.weighted<Intake>([[5, "records"], [3, "pages"], [4, "shards"]]),
    concurrency: random.int(1, 4),
    policy: random.pick(["fail", "restart", "restart", "dead-letter", "skip"]),
    failing: isCalm || random.chance(0.5) ? 0 : random.pick([0.02, 0.1]),
    slow: isCalm || random.chance(0.4) ? 0 : random.pick([0.01, 0.05]),
    slowMillis: Math.ceil(leaseMillis * (0.5 + 3 * random.next())),
    handlerMillis: random.weighted([[4, 0], [3, random.int(1, 200)], [1, random.int(200, 800)]]),
    stageEvery: random.pick([1, 1, random.int(2, 5)]),
    flushes: random.chance(0.3),
    inAnyOrder: random.chance(0.3),
    balanceMillis: random.pick([1_000, leaseMillis / 2, leaseMillis]),
    discoveryMillis: random.pick([200, 500, 500]),
    checkpointMillis: random.pick([undefined, undefined, 0, random.int(100, 5 * second)]),
    checkpointRecords: random.pick([10_000, random.int(1, 10)]),
    maxUnacknowledged: random.pick([1024, random.int(1, 10)]),
    drainMillis: isCalm ? 30 * second : random.pick([0, random.int(100, 3 * second), random.int(3, 15) * second]),
    cleanupMillis: random.pick([1, 5, 600]) * second,
    maxRecords: random.pick([1, random.int(2, 10), 10_000]),
    pollMillis: random.pick([200, 300, 500]),
    idleMillis: random.pick([1_000, 1_000, 2_000]),
    members: Array.from({ length: size }, () => [
      random.pick([0, 0, random.int(0, 2 * second), random.int(0, Math.ceil(healAt / 2))]),
      drawMachine(random)
    ]),
    restartMillis: random.int(100, 3 * second)
  }
}

/**
 * The history that a seed stands for. The order of the draws matters: a different order would give a different history.
 */
export const make = (seed: number): Scenario => {
  const random = Random.make(seed, 3)
  const leaseMillis = random.weighted([[4, 2], [3, 3], [2, 5], [0.5, 10]]) * second
  const size = random.weighted([
    [1, 1],
    [5, random.int(2, 4)],
    [3, random.int(5, 8)],
    [0.4, random.int(9, 20)]
  ])
  const isCalm = random.chance(0.15)
  const healAt = random.int(10, size > 8 ? 20 : 40) * second
  const frame = { seed, leaseMillis, healAt, keys: random.int(1, 8) }
  return drawSettings(random, frame, drawSteps(random, frame, isCalm), { isCalm, size })
}
