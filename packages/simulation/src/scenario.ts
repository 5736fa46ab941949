import type { AnswerField } from "@effect-kinesis/local/LocalKinesis"
import * as Random from "./random.js"

/** Operations that a reader calls. */
export type ReadOperation = "getRecords" | "getShardIterator" | "listShards" | "describeStreamSummary"

/** When a run of the reader is to stop by itself. Instants are milliseconds since the history's start. */
export type Until =
  | { readonly _tag: "Never" | "CaughtUp" }
  | { readonly _tag: "Elapsed" | "Idle"; readonly millis: number }
  | { readonly _tag: "Instant"; readonly at: number }
  | { readonly _tag: "Count"; readonly count: number }

/** Where reading begins. */
export type From =
  | { readonly _tag: "TrimHorizon" | "Latest" }
  | { readonly _tag: "Date"; readonly at: number }

/** Which of the library's doors the program reads through. */
export type View = "pages" | "records" | "shards"

/**
 * One thing that happens to the stream. A `shard` is a number from 0 to 1 that picks one of the shards there are by
 * then; without it all shards are meant.
 */
export type Action =
  | { readonly _tag: "Write"; readonly keys: ReadonlyArray<number>; readonly rounds: number; readonly bytes: number }
  | { readonly _tag: "Split"; readonly shard: number; readonly at: number }
  | { readonly _tag: "Merge"; readonly shard: number }
  | { readonly _tag: "Resize"; readonly factor: number }
  | {
    readonly _tag: "Throttle" | "Hang" | "LoseAnswer" | "Unavailable"
    readonly operation: ReadOperation | "putRecords"
    readonly shard: number | undefined
    readonly times: number
  }
  | {
    readonly _tag: "Delay"
    readonly operation: ReadOperation
    readonly shard: number | undefined
    readonly times: number
    readonly millis: number
  }
  | { readonly _tag: "ExpireIterator" | "EmptyPages"; readonly shard: number | undefined; readonly times: number }
  | { readonly _tag: "ExpireListToken"; readonly times: number }
  | {
    readonly _tag: "Omit"
    readonly operation: ReadOperation
    readonly shard: number | undefined
    readonly times: number
    readonly fields: ReadonlyArray<AnswerField>
  }
  | { readonly _tag: "Trim"; readonly shard: number | undefined; readonly part: number }
  | { readonly _tag: "ExpireShard"; readonly shard: number }
  | { readonly _tag: "Outage"; readonly operation: ReadOperation | undefined; readonly millis: number }

export interface Step {
  /** Milliseconds since the history's start. */
  readonly at: number
  readonly action: Action
}

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
 * A history before it happens: plain data, and all that a seed decides but for the order of what happens at one
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
  readonly view: View
  readonly from: From
  readonly maxRecords: number
  readonly pollMillis: number
  readonly idleMillis: number
  readonly listMillis: number
  /** Of each shard's pages every so many is stored. */
  readonly storeEvery: number
  readonly handlerMillis: number
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

export const reshard = (random: Random.Random): Action =>
  random.weighted<() => Action>([
    [4, () => ({ _tag: "Split", shard: random.next(), at: random.pick([0.5, 0.5, random.next()]) })],
    [4, () => ({ _tag: "Merge", shard: random.next() })],
    [2, () => ({ _tag: "Resize", factor: random.pick([0.5, 0.75, 1.5, 2]) })]
  ])()

/** What goes wrong with a call of the stream. */
export const fault = (random: Random.Random, operation?: ReadOperation): Action =>
  random.weighted<() => Action>([
    [
      5,
      () => ({ _tag: "Throttle", ...someCall(random, operation), times: random.int(1, 6) })
    ],
    [5, () => ({ _tag: "ExpireIterator", shard: someShard(random), times: random.int(1, 3) })],
    [4, () => ({ _tag: "EmptyPages", shard: someShard(random), times: random.int(1, 6) })],
    [2, () => ({ _tag: "Hang", ...someCall(random, operation), times: random.int(1, 2) })],
    [3, () => ({
      _tag: "Delay",
      ...someCall(random, operation),
      times: random.int(1, 4),
      millis: random.pick([random.int(50, 900), random.int(1, 9) * second, random.int(10, 40) * second])
    })],
    [
      4,
      () => ({
        _tag: "LoseAnswer",
        ...someCall(random, operation),
        times: random.int(1, 3)
      })
    ],
    [
      4,
      () => ({
        _tag: "Unavailable",
        ...someCall(random, operation),
        times: random.int(1, 8)
      })
    ],
    [3, () => ({ _tag: "ExpireListToken", times: random.int(1, 2) })],
    [2, () => ({
      _tag: random.pick(["Throttle", "Throttle", "LoseAnswer", "Unavailable"] as const),
      operation: "putRecords",
      shard: someShard(random),
      times: random.int(1, 3)
    })]
  ])()

/** Answers that lack what a reader goes by; its listings are whole. */
const partialAnswer = (random: Random.Random): Action => {
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

/** Drawn apart, so that the rest of a seed's history is what it is without. */
const omissions = (random: Random.Random, healAt: number, startAt: number): ReadonlyArray<Step> =>
  random.chance(0.4)
    ? Array.from({ length: random.weighted([[5, random.int(1, 4)], [2, random.int(5, 12)]]) }, () => ({
      at: random.chance(0.2) ? startAt : random.int(0, healAt),
      action: partialAnswer(random)
    }))
    : []

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

/** Answers that lack what a fleet goes by, its listings' further pages too. */
export const omission = (random: Random.Random): Action => {
  const operation = random.weighted([[5, "getRecords"], [2, "getShardIterator"], [4, "listShards"]] as const)
  return {
    _tag: "Omit",
    ...someCall(random, operation),
    fields: random.pick<ReadonlyArray<AnswerField>>(fieldsOf[operation]),
    times: random.weighted([[4, random.int(1, 3)], [2, random.int(4, 12)]])
  }
}

const loss = (random: Random.Random): Action =>
  random.chance(0.6)
    ? { _tag: "Trim", shard: someShard(random), part: random.pick([1, random.next()]) }
    : { _tag: "ExpireShard", shard: random.next() }

const outage = (random: Random.Random): Action => ({
  _tag: "Outage",
  operation: random.pick([undefined, "getRecords", "getShardIterator", "listShards"]),
  millis: random.pick([random.int(30, 120) * second, random.int(6, 13) * minute])
})

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
  const down = random.chance(0.6) || scenario.view === "shards"
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

/** The history that a seed stands for. */
export const make = (seed: number): Scenario => {
  const random = Random.make(seed)
  const healAt = random.weighted([[5, random.int(1, 2)], [3, random.int(2, 5)], [0.5, random.int(5, 14)]]) * minute
  const keys = random.int(1, 8)
  const at = () => random.int(0, healAt)
  const several = (count: number, action: () => Action): ReadonlyArray<Step> =>
    Array.from({ length: count }, () => ({ at: at(), action: action() }))
  const burstAt = at()
  const burst = random.chance(0.3)
    ? several(random.int(2, 5), () => random.chance(0.5) ? fault(random) : reshard(random)).map(({ action }) => ({
      at: burstAt + random.int(0, 2) * 500,
      action
    }))
    : []
  const startAt = random.pick([0, random.int(0, 20 * second), random.int(0, healAt)])
  const briefRuns = Array.from(
    { length: random.weighted([[4, 0], [4, random.int(1, 3)], [2, random.int(3, 6)]]) },
    () => briefRun(random, healAt)
  )
  const reshards = several(
    random.weighted([[2, 0], [4, random.int(1, 3)], [2, random.int(3, 6)]]),
    () => reshard(random)
  )
  const steps = [
    ...(random.chance(0.5) ? [{ at: 0, action: write(random, keys) }] : []),
    ...several(random.int(3, 16), () => write(random, keys)),
    ...reshards,
    ...reshards.filter(() => random.chance(0.25)).map(({ at }): Step => ({
      at: at + random.int(0, 5 * second),
      action: { _tag: "ExpireShard", shard: random.next() }
    })),
    ...beginnings(startAt, briefRuns).filter(() => random.chance(0.35)).flatMap((at) =>
      Array.from({ length: random.int(1, 3) }, (): Step => ({
        at,
        action: fault(
          random,
          random.pick(["getShardIterator", "getShardIterator", "listShards", "describeStreamSummary"])
        )
      }))
    ),
    ...several(random.weighted([[1, 0], [5, random.int(1, 8)], [2, random.int(8, 16)]]), () => fault(random)),
    ...several(random.weighted([[7, 0], [3, random.int(1, 3)]]), () => loss(random)),
    ...several(random.chance(0.06) ? 1 : 0, () => outage(random)),
    ...burst,
    ...omissions(Random.make(seed, 2), healAt, startAt)
  ]
  const pollMillis = random.weighted([[5, 200], [2, 250], [1, 500], [1, 1000]])
  const view = random.weighted<View>([[5, "pages"], [2, "records"], [3, "shards"]])
  const slow = random.weighted<ReadonlyArray<number>>([
    [7, []],
    [3, [random.int(310, 420) * second]],
    [2, [random.int(20, 90) * second, random.int(100, 320) * second]]
  ])
  const scenario: Scenario = {
    seed,
    shardCount: random.int(1, 6),
    listingPage: random.pick([1, 2, 3, 1000]),
    latencyMillis: random.weighted([[5, 0], [3, random.int(1, 80)], [1, random.int(80, 600)]]),
    transitionMillis: random.weighted([[5, 0], [4, random.int(1, 30) * second]]),
    skewMillis: random.chance(0.2) ? random.pick([-1, 1]) * random.int(1, random.pick([10, 60, 200])) * second : 0,
    shuffled: random.chance(0.5),
    stepsBeforeYield: random.weighted([[10, 2048], [1, 200], [0.5, 40]]),
    view,
    from: random.weighted<() => From>([
      [4, () => ({ _tag: "TrimHorizon" })],
      [4, () => ({ _tag: "Latest" })],
      [2, () => ({ _tag: "Date", at: random.int(0, startAt) })],
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
    slowPages: slow.map((millis) => ({ page: random.int(1, 25), millis })),
    keys,
    steps: steps.sort((a, b) => a.at - b.at),
    startAt,
    briefRuns,
    lastUntil: random.weighted<Scenario["lastUntil"]>([
      [6, { _tag: "Never" }],
      [3, { _tag: "CaughtUp" }],
      [1, { _tag: "Idle", millis: 30 * second }]
    ]),
    healAt
  }
  return random.chance(0.07) ? withLongDay(random, scenario) : scenario
}
