import { holder } from "effect-kinesis/LeaseTransition"
import { grouped } from "../grouped.js"
import {
  allTerms,
  type Facts,
  hadTrouble,
  since,
  type Term,
  termName,
  type Violation,
  violation,
  wasPaused
} from "./facts.js"
import type { Subscribing } from "./history.js"

/** A consumer costs money, and whoever starts next waits until it is there again: no worker deregisters it. */
export const deregistered = (facts: Facts): ReadonlyArray<Violation> =>
  facts.deregistrations.map(({ moment, process }) =>
    violation("deregistered", `w${process} deregistered the consumer at ${since(facts, moment)}`)
  )

/** The term in which a worker did something to a shard. */
const termAt = (terms: ReadonlyArray<Term> | undefined, process: number, tick: number): Term | undefined =>
  terms?.findLast((term) => term.process === process && term.acquired.tick < tick)

/** One worker and one shard. */
const keyOf = ({ process, shardId }: { readonly process: number; readonly shardId: string }): string =>
  `${process} ${shardId}`

const shardOf = (shardId: string): number => Number(shardId.slice(8))

const nameOf = (facts: Facts, { called, process, shardId }: Subscribing): string =>
  `w${process}, which subscribed to ${shardOf(shardId)} at ${since(facts, called)},`

/**
 * A worker subscribes to a shard only while it holds its lease as far as it knows, and lets go of the subscription with it. One that was paused
 * finds out within a lease's time that it has lost it.
 */
export const subscribed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.subscriptions.flatMap((subscription) => {
    const { called, over, process, shardId } = subscription
    const terms = facts.terms.get(shardId)
    const term = termAt(terms, process, called.tick)
    const wrong = (what: string) => [violation("subscribed", `${nameOf(facts, subscription)} ${what}`)]
    if (term === undefined) return wrong("never had its lease")
    const letGo = term.over?.moment ?? (term.life.end?.how === "crashed" ? undefined : term.life.end?.moment)
    if (letGo !== undefined && called.at > letGo.at) return wrong(`had let go of it at ${since(facts, letGo)}`)
    if (letGo !== undefined && (over === undefined || over.at > letGo.at)) {
      return wrong(`kept the subscription when it let go of the lease at ${since(facts, letGo)}`)
    }
    const next = terms!.find(({ token }) => token > term.token)
    if (next === undefined || called.at <= next.claimed.at) return []
    const from = called.at - facts.scenario.leaseMillis
    return wasPaused(term.life, from, called.at) || hadTrouble(facts, process, from, called.at)
      ? []
      : wrong(`had lost it to ${termName(next)} at ${since(facts, next.claimed)}`)
  })

/** A worker from which another took a subscription renews its lease before it subscribes again: the other may have the lease. */
export const takenBack = (facts: Facts): ReadonlyArray<Violation> => {
  const rows = grouped(facts.rows, ({ leaseKey }) => leaseKey)
  return ofOneReading(facts).flatMap(([before, call]) => {
    const { over, process, shardId, taken } = before
    if (!taken || over === undefined) return []
    const isRenewed = rows.get(shardId)?.some(({ lease, moment }) =>
      lease !== undefined && holder(lease)?.startsWith(`w${process}-`) === true && moment.tick > over.tick &&
      moment.tick < call.called.tick
    )
    return isRenewed === true
      ? []
      : [violation("taken back", `${nameOf(facts, call)} had not renewed its lease before`)]
  })
}

/** Each call, with the one before it that the same worker made in the same reading of the shard. */
const ofOneReading = (facts: Facts): ReadonlyArray<readonly [Subscribing, Subscribing]> =>
  [...grouped(facts.subscriptions, keyOf).values()].flatMap((calls) =>
    calls.slice(1).flatMap((call, index): ReadonlyArray<readonly [Subscribing, Subscribing]> => {
      const before = calls[index]!
      return readingAt(facts, call) === readingAt(facts, before) ? [[before, call]] : []
    })
  )

/** When the reading began in which it was called for: ticks are of one term only. */
const readingAt = (facts: Facts, { called, process, shardId }: Subscribing): number | undefined =>
  termAt(facts.terms.get(shardId), process, called.tick)?.readings.findLast(({ tick }) => tick < called.tick)?.tick

const betweenCalls = 1_000
const afterAccepted = 5_000

/** Within one reading: no two calls for a shard within a second, none within five of one that was accepted. */
export const pace = (facts: Facts): ReadonlyArray<Violation> =>
  ofOneReading(facts).flatMap(([before, call]) => {
    const earliest = Math.max(
      before.called.at + betweenCalls,
      before.accepted === undefined ? 0 : before.accepted.at + afterAccepted
    )
    return call.called.at >= earliest
      ? []
      : [violation("pace", `${nameOf(facts, call)} did so ${earliest - call.called.at} ms too early`)]
  })

/** A shard is not polled from the first event of a subscription on, as long as that is not over. */
export const polled = (facts: Facts): ReadonlyArray<Violation> => {
  const reads = grouped(facts.reads, keyOf)
  return facts.subscriptions.flatMap((subscription) => {
    const { brought, over, process } = subscription
    if (brought === undefined) return []
    const until = over ?? facts.lives[process]!.end?.moment
    const read = reads.get(keyOf(subscription))?.find(({ moment }) =>
      moment.at > brought.at && (until === undefined || moment.tick < until.tick)
    )
    return read === undefined ? [] : [
      violation("polled", `${nameOf(facts, subscription)} polled it at ${since(facts, read.moment)} all the same`)
    ]
  })
}

/** How long a shard that cannot be subscribed to is not polled. */
const patience = 1_000

/**
 * When nothing is wrong with the service, a shard is read or subscribed to at once when its reading begins, or a second later where a call to
 * subscribe does not succeed.
 */
export const bridged = (facts: Facts): ReadonlyArray<Violation> => {
  const { isCalm, latencyMillis, pushing, storeLatencyMillis, healAt } = facts.scenario
  if (pushing?.whileUnavailable !== "poll") return []
  const healthyFrom = isCalm ? 0 : facts.epoch + healAt
  const allowed = patience + 4 * latencyMillis + 4 * storeLatencyMillis + 300
  const begun = grouped(
    [
      ...facts.reads.map(({ moment, ...rest }) => ({ ...rest, at: moment.at })),
      ...facts.subscriptions.flatMap((each) => each.accepted === undefined ? [] : [{ ...each, at: each.accepted.at }])
    ],
    keyOf
  )
  return allTerms(facts).flatMap((term) =>
    term.life.isPushed
      ? term.readings.flatMap(({ at }) =>
        at < healthyFrom || term.until.at <= at + allowed || facts.settledAt <= at + allowed ||
          hadTrouble(facts, term.process, at, at + allowed) || wasPaused(term.life, at, at + allowed) ||
          begun.get(keyOf(term))?.some((each) => each.at >= at && each.at <= at + allowed) === true
          ? []
          : [
            violation("bridged", `${termName(term)} did not read it for ${allowed} ms from ${since(facts, { at })} on`)
          ]
      )
      : []
  )
}

/** At the end each shard is pushed whose owner is. */
export const unpushed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.unpushed.map((shardId) => violation("unpushed", `${shardOf(shardId)} is not pushed at the end`))
