import { compareCheckpoints, isFinished, type Lease } from "effect-kinesis/LeaseStore"
import { compareSequenceNumbers, type Position } from "effect-kinesis/Position"
import { ancestors, recordId, type Written } from "../history.js"
import {
  type Handling,
  type History,
  isHandled,
  type Life,
  type Moment,
  type RowVersion,
  type Tenure
} from "./history.js"

/** What must hold of every history of a fleet. */
export type Invariant =
  | "lost"
  | "invented"
  | "repeated"
  | "order"
  | "skipped"
  | "two owners"
  | "parents first"
  | "checkpoint"
  | "lease lost"
  | "orphan"
  | "shares"
  | "moves"
  | "leave"
  | "failed"
  | "unfinished"

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}

/** A tenure with what is known of it from elsewhere. */
interface Reign extends Tenure {
  /** When the claim was written. */
  readonly claimed: Moment
  /** What was stored when it was claimed. */
  readonly found: Position | undefined
  readonly handlings: ReadonlyArray<Handling>
  /** When it was over for whatever reason, as far as its process knew. */
  readonly until: Moment
  /** When it was to end: its worker was told to leave, or another asked for the lease. */
  readonly toEndAt: number
  readonly life: Life
}

interface Facts extends History {
  readonly byId: ReadonlyMap<string, Written>
  readonly ofRecord: ReadonlyMap<string, ReadonlyArray<Handling>>
  readonly ofShard: ReadonlyMap<string, ReadonlyArray<Written>>
  /** Of each shard, in the order of their tokens. */
  readonly reigns: ReadonlyMap<string, ReadonlyArray<Reign>>
}

const never: Moment = { at: Infinity, tick: Infinity }

const grouped = <A>(values: ReadonlyArray<A>, keyOf: (value: A) => string): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}

const idOf = ({ sequenceNumber, shardId }: { readonly shardId: string; readonly sequenceNumber: string }): string =>
  recordId(shardId, sequenceNumber)

const isBy = (lease: Lease | undefined, process: number): boolean =>
  lease?.leaseOwner?.startsWith(`w${process}-`) === true

const reignsOf = (history: History): ReadonlyMap<string, ReadonlyArray<Reign>> => {
  const handlings = grouped(history.handlings, ({ process, shardId, token }) => `${process} ${shardId} ${token}`)
  const rows = grouped(history.rows, ({ leaseKey }) => leaseKey)
  const reigns = history.tenures.map((tenure): Reign => {
    const { process, shardId, token } = tenure
    const versions = rows.get(shardId) ?? []
    const claim = versions.find(({ lease }) => lease?.leaseCounter === token && isBy(lease, process))
    const life = history.lives[process]!
    const asked = versions.find(({ lease, moment }) =>
      moment.tick > tenure.acquired.tick && lease?.checkpointOwner?.startsWith(`w${process}-`) === true
    )
    return {
      ...tenure,
      toEndAt: Math.min(life.asked?.at ?? Infinity, asked?.moment.at ?? Infinity),
      claimed: claim?.moment ?? tenure.acquired,
      found: claim?.lease?.checkpoint,
      handlings: handlings.get(`${process} ${shardId} ${token}`) ?? [],
      until: tenure.over?.moment ?? life.end?.moment ?? never,
      life
    }
  })
  reigns.sort((a, b) => a.token - b.token)
  return grouped(reigns, ({ shardId }) => shardId)
}

const factsOf = (history: History): Facts => ({
  ...history,
  byId: new Map(history.written.map((record) => [idOf(record), record])),
  ofRecord: grouped(history.handlings, idOf),
  ofShard: grouped(history.written, ({ shardId }) => shardId),
  reigns: reignsOf(history)
})

const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

const since = ({ epoch }: History, { at }: { readonly at: number }): string => `${((at - epoch) / 1000).toFixed(3)} s`

const nameOf = (facts: Facts, record: { readonly shardId: string; readonly sequenceNumber: string }): string => {
  const written = facts.byId.get(idOf(record))
  return `${written?.key}#${written?.number} (${Number(record.shardId.slice(8))} ${record.sequenceNumber.slice(-6)})`
}

const reignName = ({ process, shardId, token }: Tenure): string =>
  `w${process} with ${Number(shardId.slice(8))}/${token}`

const allReigns = (facts: Facts): ReadonlyArray<Reign> => [...facts.reigns.values()].flat()

/** Whether a stored position says that the record was handled. */
const covers = (position: Position | undefined, { sequenceNumber }: { readonly sequenceNumber: string }): boolean =>
  position?._tag === "ShardEnd" ||
  (position?._tag === "AfterSequenceNumber" && compareSequenceNumbers(sequenceNumber, position.sequenceNumber) <= 0)

const lost = (facts: Facts): ReadonlyArray<Violation> =>
  facts.written.flatMap((record) => {
    const handlings = facts.ofRecord.get(idOf(record)) ?? []
    return handlings.some(isHandled) ? [] : [
      violation(
        "lost",
        `${nameOf(facts, record)} ${handlings.length === 0 ? "never came" : "was never handled to the end"}`
      )
    ]
  })

const invented = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.ofRecord.keys()].filter((id) => !facts.byId.has(id)).map((id) =>
    violation("invented", `${id} came and was never written`)
  )

/** Reading began again between two instants, after a handler had failed. */
const beganAgain = ({ failures, readings }: Tenure, from: Moment, to: Moment): boolean =>
  readings.some((reading) => isWithin(reading, from, to) && failures.some(({ tick }) => tick < reading.tick))

/** What was handled since reading began last. */
const lastRead = ({ handlings, readings }: Reign): ReadonlyArray<Handling> => {
  const from = readings.at(-1)?.tick ?? 0
  return handlings.filter(({ began }) => began.tick > from)
}

const isWithin = (moment: Moment | undefined, from: Moment, to: Moment): boolean =>
  moment !== undefined && moment.tick > from.tick && moment.tick < to.tick

/** Calls of the process's store failed or were slow between two instants. */
const hadTrouble = ({ troubles }: Facts, process: number, from: number, to: number): boolean =>
  troubles.some((trouble) => trouble.process === process && trouble.from <= to && trouble.to >= from)

const wasPaused = ({ pauses }: Life, from: number, to: number): boolean =>
  pauses.some((pause) => pause.from <= to && pause.to >= from)

/**
 * Why a record is handled again that was told of in this reign before; undefined when there is no reason. What was told
 * of behind a record that was not is handled again, however the reign ended.
 */
export const reasonOf = (facts: History, reign: Reign, handling: Handling): string | undefined => {
  const { life, over, process, toEndAt, until } = reign
  const handlings = lastRead(reign)
  const isBehindGap = handlings.some((other) =>
    compareSequenceNumbers(other.sequenceNumber, handling.sequenceNumber) <= 0 &&
    !handlings.some((each) =>
      each.sequenceNumber === other.sequenceNumber && each.told !== undefined && each.told.tick < until.tick
    )
  )
  const isCut = until.at >= toEndAt + facts.scenario.drainMillis
  const storing = 3 * facts.scenario.storeLatencyMillis
  if (facts.scenario.view === "shards" && isCut && handling.told!.at >= until.at - storing) return "told of too late"
  const last = Math.min(until.at, facts.lastDisturbance)
  if (isBehindGap && reign.failures.length > 0) return "behind a handler that failed"
  if (isBehindGap && handlings.some(({ cut }) => cut !== undefined)) return "behind a handler that was cut off"
  if (over === undefined && life.end?.how === "crashed") return "crash"
  if (over?.how === "lost" && wasPaused(life, reign.claimed.at, last)) return "pause"
  if (over?.how === "lost" && hadTrouble(facts as Facts, process, reign.claimed.at, last)) return "store out of reach"
  return undefined
}

/** How often a record was handled again, by the reason. */
export const repeats = (history: History): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const { reason } of repetitions(factsOf(history))) {
    found.set(reason ?? "none", (found.get(reason ?? "none") ?? 0) + 1)
  }
  return found
}

interface Repetition {
  readonly earlier: Handling
  readonly later: Handling
  readonly reign: Reign
  readonly reason: string | undefined
}

const repetitions = (facts: Facts): ReadonlyArray<Repetition> =>
  [...facts.ofRecord.values()].flatMap((handlings) =>
    handlings.slice(1).flatMap((later, index): ReadonlyArray<Repetition> => {
      const earlier = handlings.slice(0, index + 1).findLast(({ told }) =>
        told !== undefined && told.tick < later.began.tick
      )
      if (earlier === undefined) return []
      const reign = facts.reigns.get(earlier.shardId)?.find(({ process, token }) =>
        process === earlier.process && token === earlier.token
      )
      if (reign === undefined) return []
      const isSame = later.process === earlier.process && later.token === earlier.token
      const reason = isSame
        ? beganAgain(reign, earlier.began, later.began) ? "handler failed" : undefined
        : reasonOf(facts, reign, earlier)
      return [{ earlier, later, reign, reason }]
    })
  )

/**
 * A record was handled again without a reason; or though it was stored when its owner took the shard; or though there was
 * the time to store it before its owner vanished.
 */
const repeated = (facts: Facts): ReadonlyArray<Violation> => [
  ...repetitions(facts).flatMap(({ earlier, later, reason, reign }) => {
    const what = `${nameOf(facts, later)}, told of by ${reignName(reign)} at ${
      since(facts, earlier.told!)
    }, came again at ${since(facts, later.began)} to w${later.process}`
    if (reason === undefined) return [violation("repeated", `${what} for no reason`)]
    if (reason !== "crash") return []
    const late = unstoredFor(facts, reign, earlier)
    return late > 0 ? [violation("repeated", `${what}: it could have been stored ${late} ms before the crash`)] : []
  }),
  ...allReigns(facts).flatMap((reign) =>
    reign.handlings.filter((handling) => covers(reign.found, handling)).map((handling) =>
      violation("repeated", `${nameOf(facts, handling)} came to ${reignName(reign)}, which found it stored`)
    )
  )
]

/** For how long too much what was told of had not been stored when its owner crashed. */
const unstoredFor = (facts: Facts, { handlings, life, process, until }: Reign, { sequenceNumber, told }: Handling) => {
  const upTo = handlings.filter((other) => compareSequenceNumbers(other.sequenceNumber, sequenceNumber) <= 0)
  if (upTo.some((other) => other.told === undefined)) return 0
  const toldAt = Math.max(told!.at, ...upTo.map((other) => other.told!.at))
  const { checkpointMillis, leaseMillis, storeLatencyMillis } = facts.scenario
  const allowed = Math.min(checkpointMillis ?? Infinity, leaseMillis / 3) + 3 * storeLatencyMillis + 2
  if (hadTrouble(facts, process, toldAt - leaseMillis, until.at) || wasPaused(life, toldAt, until.at)) return 0
  return until.at - toldAt - allowed
}

/** Within one reign the records of one key are handled one after the other, in order, but for what a failure brings again. */
const order = (facts: Facts): ReadonlyArray<Violation> =>
  allReigns(facts).flatMap((reign) => {
    const last = new Map<string, Handling>()
    return reign.handlings.flatMap((handling) => {
      const before = last.get(handling.key)
      last.set(handling.key, handling)
      if (before === undefined || before.piece === handling.piece) return []
      if (beganAgain(reign, before.began, handling.began)) return []
      const doneAt = before.ended ?? before.failed ?? before.cut ?? never
      return compareSequenceNumbers(before.sequenceNumber, handling.sequenceNumber) < 0 &&
          doneAt.tick < handling.began.tick
        ? []
        : [
          violation(
            "order",
            `${reignName(reign)}: ${nameOf(facts, handling)} began before ${nameOf(facts, before)} was done`
          )
        ]
    })
  })

const toldBefore = (facts: Facts, record: Written, moment: Moment): boolean =>
  (facts.ofRecord.get(idOf(record)) ?? []).some(({ ended, told }) =>
    (told !== undefined && told.tick < moment.tick) || (ended !== undefined && ended.tick < moment.tick)
  )

/** When a record of a key begins to be handled, all that were written before it under the key were handled by somebody. */
const skipped = (facts: Facts): ReadonlyArray<Violation> =>
  [...grouped(facts.written, ({ key }) => key).values()].flatMap((records) => {
    let handledFrom: Moment = { at: -Infinity, tick: -Infinity }
    let last: Written | undefined
    return records.flatMap((record) => {
      const handlings = facts.ofRecord.get(idOf(record)) ?? []
      const early = handlings.find(({ began, piece }) =>
        began.tick < handledFrom.tick &&
        !(facts.ofRecord.get(idOf(last!)) ?? []).some((other) => other.piece === piece)
      )
      const found = early === undefined
        ? []
        : [
          violation(
            "skipped",
            `${nameOf(facts, record)} began at ${since(facts, early.began)}, before ${nameOf(facts, last!)} was handled`
          )
        ]
      const done = handlings.flatMap(({ ended, told }) => [ended, told].filter((moment) => moment !== undefined))
      const first = done.sort((a, b) => a.tick - b.tick)[0] ?? never
      if (first.tick > handledFrom.tick) {
        handledFrom = first
        last = record
      }
      return found
    })
  })

/**
 * Once a newer owner's claim is in the table, an older one begins nothing; and what it had begun does not end well, unless
 * its process was paused meanwhile, or its handlers are the program's own.
 */
const twoOwners = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.reigns.values()].flatMap((reigns) =>
    reigns.slice(0, -1).flatMap((reign, index) => {
      const next = reigns[index + 1]!
      const begun = reign.handlings.find(({ began }) => began.at > next.claimed.at)
      const ended = facts.scenario.view === "shards" ?
        undefined :
        reign.handlings.find(({ began, ended }) =>
          ended !== undefined && ended.at > next.claimed.at && !wasPaused(reign.life, began.at, ended.at)
        )
      return [
        ...begun === undefined
          ? []
          : [
            violation(
              "two owners",
              `${reignName(reign)} began ${nameOf(facts, begun)} at ${since(facts, begun.began)}, after ${
                reignName(next)
              } had taken it at ${since(facts, next.claimed)}`
            )
          ],
        ...ended === undefined
          ? []
          : [
            violation(
              "two owners",
              `${reignName(reign)} ended ${nameOf(facts, ended)} at ${since(facts, ended.ended!)}, after ${
                reignName(next)
              } had taken it at ${since(facts, next.claimed)}`
            )
          ]
      ]
    })
  )

/** When the first record of a child begins to be handled, all records of its ancestors were. */
const parentsFirst = (facts: Facts): ReadonlyArray<Violation> =>
  [...grouped(facts.handlings, ({ shardId }) => shardId)].flatMap(([shardId, [first]]) => {
    const unread = [...ancestors(facts.parents, shardId)]
      .flatMap((parent) => facts.ofShard.get(parent) ?? [])
      .find((record) => !toldBefore(facts, record, first!.began))
    return unread === undefined ? [] : [
      violation(
        "parents first",
        `${Number(shardId.slice(8))} began at ${since(facts, first!.began)} before ${nameOf(facts, unread)} was handled`
      )
    ]
  })

/** What is stored only moves forward, is final at the shard's end, and says of no record that it was handled before it was. */
const checkpoints = (facts: Facts): ReadonlyArray<Violation> =>
  [...grouped(facts.rows, ({ leaseKey }) => leaseKey).values()].flatMap((versions) => {
    let before: RowVersion | undefined
    let seen = 0
    return versions.flatMap((version) => {
      const { lease, leaseKey, moment } = version
      const earlier = before?.lease
      before = version
      const what = `the lease of ${Number(leaseKey.slice(8))} at ${since(facts, moment)}`
      if (lease === undefined) {
        return earlier !== undefined && isFinished(earlier)
          ? []
          : [violation("checkpoint", `${what} was deleted too early`)]
      }
      if (earlier !== undefined && compareCheckpoints(lease.checkpoint, earlier.checkpoint) < 0) {
        return [
          violation(
            "checkpoint",
            `${what} went back from ${JSON.stringify(earlier.checkpoint)} to ${JSON.stringify(lease.checkpoint)}`
          )
        ]
      }
      if (
        earlier !== undefined && lease.leaseOwner !== earlier.leaseOwner && lease.leaseCounter < earlier.leaseCounter
      ) {
        return [violation("checkpoint", `${what}: its counter went back`)]
      }
      const records = facts.ofShard.get(lease.shardId) ?? []
      while (seen < records.length && covers(lease.checkpoint, records[seen]!)) {
        const record = records[seen++]!
        if (!toldBefore(facts, record, moment)) {
          return [violation("checkpoint", `${what} passes ${nameOf(facts, record)}, which was not handled`)]
        }
      }
      return []
    })
  })

/** No lease is lost by a worker that was not paused and whose calls to the store succeeded. */
const leaseLost = (facts: Facts): ReadonlyArray<Violation> =>
  facts.tenures.flatMap((tenure) => {
    if (tenure.over?.how !== "lost") return []
    const { at } = tenure.over.moment
    const from = at - 2 * facts.scenario.leaseMillis
    const life = facts.lives[tenure.process]!
    const wasStepped = life.steps.some((step) => step >= from && step <= at)
    return hadTrouble(facts, tenure.process, from, at) || wasPaused(life, from, at) || wasStepped
      ? []
      : [violation("lease lost", `${reignName(tenure)} lost it at ${since(facts, tenure.over.moment)} for no reason`)]
  })

/** Some calls of the store one after the other, and looks at the table with their jitter. */
const slackOf = ({ scenario }: History): number =>
  scenario.leaseMillis + 2 * 1.2 * scenario.balanceMillis + scenario.discoveryMillis +
  20 * scenario.storeLatencyMillis +
  2 * scenario.storeDeadlineMillis + 500

const orphans = (facts: Facts): ReadonlyArray<Violation> =>
  facts.orphans.flatMap(({ from, leaseKey, to }) => {
    const millis = to - Math.max(from, facts.lastDisturbance)
    return millis > slackOf(facts)
      ? [
        violation(
          "orphan",
          `nobody had ${Number(leaseKey.slice(8))} for ${millis} ms, up to ${since(facts, { at: to })}`
        )
      ]
      : []
  })

const shares = (facts: Facts): ReadonlyArray<Violation> => [
  ...facts.unowned.map((shardId) => violation("orphan", `nobody has ${Number(shardId.slice(8))} at the end`)),
  ...facts.shares.length > 0 && Math.max(...facts.shares) - Math.min(...facts.shares) > 1
    ? [violation("shares", `the workers have ${facts.shares.join(", ")} shards at the end`)]
    : []
]

const moves = (facts: Facts): ReadonlyArray<Violation> =>
  facts.tenures.filter(({ acquired }) => acquired.at > facts.settledAt).map((tenure) =>
    violation("moves", `${reignName(tenure)} took it at ${since(facts, tenure.acquired)}, when all was even`)
  )

/** Whoever is told to leave has left when its handlers had their time, and the store its own. */
const leave = (facts: Facts): ReadonlyArray<Violation> =>
  facts.lives.flatMap(({ asked, end, index, pauses }) => {
    if (asked === undefined) return []
    const { drainMillis, leaseMillis, storeDeadlineMillis, storeLatencyMillis } = facts.scenario
    const paused = pauses.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, asked.at)), 0)
    const patience = drainMillis + 2 * leaseMillis + 4 * storeDeadlineMillis + 40 * storeLatencyMillis + paused + 1_000
    const endedAt = end?.moment.at ?? Infinity
    return endedAt - asked.at > patience
      ? [
        violation(
          "leave",
          `w${index} was told to leave at ${since(facts, asked)} and ${
            end === undefined ? "never left" : `left at ${since(facts, end.moment)}`
          }`
        )
      ]
      : []
  })

/**
 * A worker fails only with what its own handlers fail with. How long it makes a failing call again goes by the wall clock:
 * when that is set it may be over at once.
 */
const failed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.lives.flatMap(({ end, index, steps }) => {
    if (end?.how !== "failed" || /the handler|HandlerError|the dead letters/.test(end.reason)) return []
    const isImpatient = steps.length > 0 && /^(ServiceUnavailable|RequestTimeout)/.test(end.reason)
    return isImpatient ? [] : [violation("failed", `w${index} failed at ${since(facts, end.moment)}: ${end.reason}`)]
  })

const unfinished = ({ unfinished }: Facts): ReadonlyArray<Violation> =>
  unfinished === undefined ? [] : [violation("unfinished", unfinished)]

const all = [
  unfinished,
  lost,
  invented,
  repeated,
  order,
  skipped,
  twoOwners,
  parentsFirst,
  checkpoints,
  leaseLost,
  orphans,
  shares,
  moves,
  leave,
  failed
]

/** All that is wrong with a history; nothing if all is well. */
export const violations = (history: History): ReadonlyArray<Violation> => {
  const facts = factsOf(history)
  return all.flatMap((invariant) => invariant(facts))
}
