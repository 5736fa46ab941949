import { compareCheckpoints, isFinished } from "effect-kinesis/LeaseStore"
import { grouped } from "../grouped.js"
import { ancestors } from "../history.js"
import {
  covers,
  type Facts,
  hadTrouble,
  nameOf,
  since,
  termName,
  toldBefore,
  type Violation,
  violation,
  wasPaused
} from "./facts.js"
import type { History, RowVersion } from "./history.js"
import { areOfOneStream } from "./names.js"

/**
 * Once a newer owner's claim is in the table, an older one begins nothing; and what it had begun does not end well, unless
 * its process was paused meanwhile, or its handlers are the program's own.
 */
export const twoOwners = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.terms.values()].flatMap((terms) =>
    terms.slice(0, -1).flatMap((term, index) => {
      const next = terms[index + 1]!
      const begun = term.handlings.find(({ began }) => began.at > next.claimed.at)
      const ended = facts.scenario.intake === "shards" ?
        undefined :
        term.handlings.find(({ began, ended }) =>
          ended !== undefined && ended.at > next.claimed.at && !wasPaused(term.life, began.at, ended.at)
        )
      return [
        ...begun === undefined
          ? []
          : [
            violation(
              "two owners",
              `${termName(term)} began ${nameOf(facts, begun)} at ${since(facts, begun.began)}, after ${
                termName(next)
              } had taken it at ${since(facts, next.claimed)}`
            )
          ],
        ...ended === undefined
          ? []
          : [
            violation(
              "two owners",
              `${termName(term)} ended ${nameOf(facts, ended)} at ${since(facts, ended.ended!)}, after ${
                termName(next)
              } had taken it at ${since(facts, next.claimed)}`
            )
          ]
      ]
    })
  )

/** Older shards that share hash keys with this one, by what the table said of them. */
const olderOf = (facts: Facts) => {
  const shards = new Map(facts.rows.flatMap(({ lease }) => {
    const { endingHashKey, startingHashKey } = lease?.hashKeyRange ?? {}
    return lease === undefined || startingHashKey === undefined || endingHashKey === undefined
      ? []
      : [[lease.shardId, { from: BigInt(startingHashKey), to: BigInt(endingHashKey) }] as const]
  }))
  return (shardId: string): ReadonlyArray<string> => {
    const range = shards.get(shardId)
    return [...shards].flatMap(([other, { from, to }]) =>
      other < shardId && range !== undefined && areOfOneStream(other, shardId) && from <= range.to && range.from <= to
        ? [other]
        : []
    )
  }
}

/** When the first record of a shard begins to be handled, all records of its ancestors were, and of older shards with its hash keys. */
export const parentsFirst = (facts: Facts): ReadonlyArray<Violation> => {
  const older = olderOf(facts)
  return [...grouped(facts.handlings, ({ shardId }) => shardId)].flatMap(([shardId, [first]]) => {
    const unread = [...new Set([...ancestors(facts.parents, shardId), ...older(shardId)])]
      .flatMap((parent) => facts.ofShard.get(parent) ?? [])
      .find((record) => !toldBefore(facts, record, first!.began))
    return unread === undefined ? [] : [
      violation(
        "parents first",
        `${Number(shardId.slice(8))} began at ${since(facts, first!.began)} before ${nameOf(facts, unread)} was handled`
      )
    ]
  })
}

/**
 * The stored position only moves forward, is final at the shard's end, and never passes a record before it was handled.
 */
export const checkpoints = (facts: Facts): ReadonlyArray<Violation> =>
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
export const leaseLost = (facts: Facts): ReadonlyArray<Violation> =>
  facts.ownerships.flatMap((ownership) => {
    if (ownership.over?.how !== "lost") return []
    const { at } = ownership.over.moment
    const from = at - 2 * facts.scenario.leaseMillis
    const life = facts.lives[ownership.process]!
    const wasStepped = life.steps.some((step) => step >= from && step <= at)
    return hadTrouble(facts, ownership.process, from, at) || wasPaused(life, from, at) || wasStepped
      ? []
      : [
        violation(
          "lease lost",
          `${termName(ownership)} lost it at ${since(facts, ownership.over.moment)} for no reason`
        )
      ]
  })

/** The time for some consecutive calls of the store, and scans of the table with their jitter. */
const slackOf = ({ scenario }: History): number =>
  scenario.leaseMillis + 2 * 1.2 * scenario.balanceMillis + scenario.discoveryMillis +
  20 * scenario.storeLatencyMillis +
  2 * scenario.storeDeadlineMillis + 500

export const orphans = (facts: Facts): ReadonlyArray<Violation> =>
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

export const shares = (facts: Facts): ReadonlyArray<Violation> => [
  ...facts.unowned.map((shardId) => violation("orphan", `nobody has ${Number(shardId.slice(8))} at the end`)),
  ...facts.shares.length > 0 && Math.max(...facts.shares) - Math.min(...facts.shares) > 1
    ? [violation("shares", `the workers have ${facts.shares.join(", ")} shards at the end`)]
    : []
]

export const moves = (facts: Facts): ReadonlyArray<Violation> =>
  facts.ownerships.filter(({ acquired }) => acquired.at > facts.settledAt).map((ownership) =>
    violation("moves", `${termName(ownership)} took it at ${since(facts, ownership.acquired)}, when all was even`)
  )

/**
 * A worker that is asked to leave has left once its handlers and the store have had their time. Shards as streams
 * belong to their takers, whose work goes on, even for a shard that was handed off before.
 */
export const leave = (facts: Facts): ReadonlyArray<Violation> =>
  facts.lives.flatMap(({ asked, end, index, pauses }) => {
    if (asked === undefined) return []
    const { drainMillis, leaseMillis, slowMillis, storeDeadlineMillis, storeLatencyMillis, intake } = facts.scenario
    const paused = pauses.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, asked.at)), 0)
    const taking = intake === "shards" ? slowMillis : 0
    const patience = drainMillis + 2 * leaseMillis + 4 * storeDeadlineMillis + 40 * storeLatencyMillis + paused +
      taking + 1_000
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

/** The error of a call that was retried for a while. */
const impatience =
  /^(ServiceUnavailable|RequestTimeout|LeaseStoreError: .*(the service is unavailable|no answer in time))/

/**
 * A worker fails only with the errors of its own handlers. How long it retries a failing call goes by the wall clock:
 * when that is set, the time may be over at once.
 */
export const failed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.lives.flatMap(({ end, index, steps }) => {
    if (end?.how !== "failed" || /the handler|HandlerError|the dead letters/.test(end.reason)) return []
    const isImpatient = steps.length > 0 && impatience.test(end.reason)
    return isImpatient ? [] : [violation("failed", `w${index} failed at ${since(facts, end.moment)}: ${end.reason}`)]
  })

export const unfinished = ({ unfinished }: Facts): ReadonlyArray<Violation> =>
  unfinished === undefined ? [] : [violation("unfinished", unfinished)]
