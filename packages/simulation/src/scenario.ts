import { type Action, fault, loss, outage, partialAnswer, reshard, type Step, write } from "./actions.js"
import * as Pushes from "./pushes.js"
import * as Random from "./random.js"

/** When a run of the reader stops by itself. Instants are milliseconds since the history's start. */
export type Until =
  | { readonly _tag: "Never" | "CaughtUp" }
  | { readonly _tag: "Elapsed" | "Idle"; readonly millis: number }
  | { readonly _tag: "Instant"; readonly at: number }
  | { readonly _tag: "Count"; readonly count: number }

/** Where reading begins. */
export type From =
  | { readonly _tag: "TrimHorizon" | "Latest" }
  | { readonly _tag: "Date"; readonly at: number }

/** What the program takes from the library: whole pages, one record after the other, or a stream for each shard. */
export type Intake = "pages" | "records" | "shards"

/** A run of the reader that does not last: it stops by itself, or its program crashes and is started again. */
export interface BriefRun {
  readonly until: Until
  /** It is interrupted after this time, unless it has ended by then. */
  readonly forMillis: number
  /** Its program dies in the middle of handling this one of its pages that bring records. */
  readonly diesAtPage: number | undefined
  readonly downMillis: number
}

/**
 * A history before it happens: plain data, and everything that a seed decides except the order of events at one
 * instant.
 */
export interface Scenario {
  readonly seed: number
  readonly shardCount: number
  /** How many shards a page of a listing has. */
  readonly listingPage: number
  readonly latencyMillis: number
  readonly transitionMillis: number
  /** The server's clock is ahead by this, or behind. */
  readonly skewMillis: number
  readonly shuffled: boolean
  readonly stepsBeforeYield: number
  readonly intake: Intake
  /** Each shard has a fiber of its own all the time, instead of one sleep for all of them. */
  readonly hasFibers: boolean
  /** Shards are pushed; undefined if they are polled. */
  readonly pushing: Pushes.Pushing | undefined
  readonly from: From
  readonly maxRecords: number
  readonly pollMillis: number
  readonly idleMillis: number
  readonly listMillis: number
  /** How often a position is stored: every nth page of each shard. */
  readonly storeEvery: number
  readonly handlerMillis: number
  /** How long the program takes when it is told of a page with records, until all is well. */
  readonly tellMillis: number
  /** These pages that bring records, counted over the history, are handled slowly. */
  readonly slowPages: ReadonlyArray<{ readonly page: number; readonly millis: number }>
  readonly keys: number
  readonly steps: ReadonlyArray<Step>
  readonly startAt: number
  readonly briefRuns: ReadonlyArray<BriefRun>
  readonly lastUntil: { readonly _tag: "Never" } | { readonly _tag: "CaughtUp" } | {
    readonly _tag: "Idle"
    readonly millis: number
  }
  /** From here on nothing goes wrong any more. */
  readonly healAt: number
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** Drawn from a separate stream, so that the rest of a seed's history does not change. */
const omissions = (random: Random.Random, healAt: number, startAt: number): ReadonlyArray<Step> =>
  random.chance(0.4)
    ? Array.from({ length: random.weighted([[5, random.int(1, 4)], [2, random.int(5, 12)]]) }, () => ({
      at: random.chance(0.2) ? startAt : random.int(0, healAt),
      action: partialAnswer(random)
    }))
    : []

const untilOf = (random: Random.Random, healAt: number): Until =>
  random.weighted<() => Until>([
    [8, () => ({ _tag: "Never" })],
    [3, () => ({ _tag: "CaughtUp" })],
    [4, () => ({ _tag: "Elapsed", millis: random.int(1, 120) * second + random.int(0, 999) })],
    [2, () => ({ _tag: "Idle", millis: random.int(5, 40) * second })],
    [2, () => ({ _tag: "Instant", at: random.int(0, healAt) })],
    [4, () => ({ _tag: "Count", count: random.int(1, 60) })]
  ])()

const briefRun = (random: Random.Random, healAt: number): BriefRun => ({
  until: untilOf(random, healAt),
  forMillis: random.pick([random.int(0, 3 * second), random.int(0, minute), random.int(0, 4 * minute)]),
  diesAtPage: random.chance(0.3) ? random.int(1, 12) : undefined,
  downMillis: random.pick([second, random.int(1, 20) * second, random.int(1, 3) * minute])
})

/** When the runs begin, as far as that is known: one that ends by itself makes all later ones earlier. */
const beginnings = (startAt: number, runs: ReadonlyArray<BriefRun>): ReadonlyArray<number> =>
  runs.reduce<ReadonlyArray<number>>(
    (starts, { downMillis, forMillis }) => [...starts, starts.at(-1)! + forMillis + downMillis],
    [startAt]
  )

/**
 * The same history with more than a day in its middle, during which the program is down or handles one page: records
 * leave retention.
 */
const withLongDay = (random: Random.Random, scenario: Scenario): Scenario => {
  const middle = random.int(0, scenario.healAt)
  const gap = random.int(20 * hour, 30 * hour)
  const later = (at: number) => at < middle ? at : at + gap
  const down = random.chance(0.6) || scenario.intake === "shards"
  const before = Math.max(0, middle - scenario.startAt)
  const first = briefRun(random, scenario.healAt)
  return {
    ...scenario,
    steps: scenario.steps.map((step) => ({ ...step, at: later(step.at) })),
    listMillis: 5 * minute,
    idleMillis: 10 * minute,
    healAt: later(scenario.healAt),
    briefRuns: down
      ? [{ ...first, until: { _tag: "Never" }, forMillis: before, downMillis: gap + random.int(0, minute) }]
      : [],
    slowPages: down ? scenario.slowPages : [{ page: random.int(1, 5), millis: gap }]
  }
}

/** Everything that is drawn first, and on which the rest of the scenario depends. */
interface Frame {
  readonly seed: number
  readonly healAt: number
  readonly keys: number
  readonly startAt: number
  readonly briefRuns: ReadonlyArray<BriefRun>
}

/** This many actions, each at some time before all is well. */
const several = (
  random: Random.Random,
  { healAt }: Pick<Frame, "healAt">,
  count: number,
  action: () => Action
): ReadonlyArray<Step> => Array.from({ length: count }, () => ({ at: random.int(0, healAt), action: action() }))

/** Faults and reshards within a second. */
const drawBurst = (random: Random.Random, frame: Pick<Frame, "healAt">): ReadonlyArray<Step> => {
  const burstAt = random.int(0, frame.healAt)
  return random.chance(0.3)
    ? several(random, frame, random.int(2, 5), () => random.chance(0.5) ? fault(random) : reshard(random)).map((
      { action }
    ) => ({ at: burstAt + random.int(0, 2) * 500, action }))
    : []
}

/** Of some beginnings of runs: faults that meet the first calls. */
const faultsAtStart = (random: Random.Random, { briefRuns, startAt }: Frame): ReadonlyArray<Step> =>
  beginnings(startAt, briefRuns).filter(() => random.chance(0.35)).flatMap((at) =>
    Array.from({ length: random.int(1, 3) }, (): Step => ({
      at,
      action: fault(
        random,
        random.pick(["getShardIterator", "getShardIterator", "listShards", "describeStreamSummary"])
      )
    }))
  )

const drawSteps = (random: Random.Random, frame: Frame, burst: ReadonlyArray<Step>): ReadonlyArray<Step> => {
  const { healAt, keys, seed, startAt } = frame
  const draw = (count: number, action: () => Action) => several(random, frame, count, action)
  const reshards = draw(random.weighted([[2, 0], [4, random.int(1, 3)], [2, random.int(3, 6)]]), () => reshard(random))
  return [
    ...(random.chance(0.5) ? [{ at: 0, action: write(random, keys) }] : []),
    ...draw(random.int(3, 16), () => write(random, keys)),
    ...reshards,
    ...reshards.filter(() => random.chance(0.25)).map(({ at }): Step => ({
      at: at + random.int(0, 5 * second),
      action: { _tag: "ExpireShard", shard: random.next() }
    })),
    ...faultsAtStart(random, frame),
    ...draw(random.weighted([[1, 0], [5, random.int(1, 8)], [2, random.int(8, 16)]]), () => fault(random)),
    ...draw(random.weighted([[7, 0], [3, random.int(1, 3)]]), () => loss(random)),
    ...draw(random.chance(0.06) ? 1 : 0, () => outage(random)),
    ...burst,
    ...omissions(Random.make(seed, 2), healAt, startAt)
  ]
}

/** How the reader, its program and the service are set. */
const drawSettings = (random: Random.Random, frame: Frame, steps: ReadonlyArray<Step>): Scenario => {
  const pushes = Pushes.draw(frame.seed, frame.healAt)
  const telling = Random.make(frame.seed, 4)
  const pollMillis = random.weighted([[5, 200], [2, 250], [1, 500], [1, 1000]])
  const intake = random.weighted<Intake>([[5, "pages"], [2, "records"], [3, "shards"]])
  const slow = random.weighted<ReadonlyArray<number>>([
    [7, []],
    [3, [random.int(310, 420) * second]],
    [2, [random.int(20, 90) * second, random.int(100, 320) * second]]
  ])
  return {
    ...frame,
    steps: [...steps, ...pushes.steps].sort((a, b) => a.at - b.at),
    pushing: pushes.pushing,
    shardCount: random.int(1, 6),
    listingPage: random.pick([1, 2, 3, 1000]),
    latencyMillis: random.weighted([[5, 0], [3, random.int(1, 80)], [1, random.int(80, 600)]]),
    transitionMillis: random.weighted([[5, 0], [4, random.int(1, 30) * second]]),
    skewMillis: random.chance(0.2) ? random.pick([-1, 1]) * random.int(1, random.pick([10, 60, 200])) * second : 0,
    shuffled: random.chance(0.5),
    stepsBeforeYield: random.weighted([[10, 2048], [1, 200], [0.5, 40]]),
    intake,
    hasFibers: Random.make(frame.seed, 3).chance(0.25),
    from: random.weighted<() => From>([
      [4, () => ({ _tag: "TrimHorizon" })],
      [4, () => ({ _tag: "Latest" })],
      [2, () => ({ _tag: "Date", at: random.int(0, frame.startAt) })],
      [0.7, () => ({ _tag: "Date", at: -random.int(1, 30) * hour })]
    ])(),
    maxRecords: random.weighted([[2, 1], [3, random.int(2, 5)], [3, random.int(6, 50)], [2, 10_000]]),
    pollMillis,
    idleMillis: (slow.length > 0
      ? random.int(5, 30)
      : random.weighted([[0.2, 0], [0.4, 1], [4, random.int(3, 8)], [4, random.int(8, 20)]])) * second,
    listMillis: random.pick([5, 30, 30, 120]) * second,
    storeEvery: random.weighted([[6, 1], [2, random.int(2, 4)]]),
    handlerMillis: random.weighted([[5, 0], [3, random.int(1, 300)], [1, random.int(300, 3000)]]),
    tellMillis: telling.weighted([[6, 0], [1, telling.int(1, 300)], [1, telling.int(300, 8000)]]),
    slowPages: slow.map((millis) => ({ page: random.int(1, 25), millis })),
    lastUntil: random.weighted<Scenario["lastUntil"]>([
      [6, { _tag: "Never" }],
      [3, { _tag: "CaughtUp" }],
      [1, { _tag: "Idle", millis: 30 * second }]
    ])
  }
}

/**
 * The history that a seed stands for. The order of the draws matters: a different order would give a different history.
 */
export const make = (seed: number): Scenario => {
  const random = Random.make(seed)
  const healAt = random.weighted([[5, random.int(1, 2)], [3, random.int(2, 5)], [0.5, random.int(5, 14)]]) * minute
  const keys = random.int(1, 8)
  const burst = drawBurst(random, { healAt })
  const startAt = random.pick([0, random.int(0, 20 * second), random.int(0, healAt)])
  const briefRuns = Array.from(
    { length: random.weighted([[4, 0], [4, random.int(1, 3)], [2, random.int(3, 6)]]) },
    () => briefRun(random, healAt)
  )
  const frame = { seed, healAt, keys, startAt, briefRuns }
  const scenario = drawSettings(random, frame, drawSteps(random, frame, burst))
  return random.chance(0.07) ? withLongDay(random, scenario) : scenario
}
