import { compareSequenceNumbers } from "effect-kinesis/Position"
import { grouped } from "../grouped.js"
import { type Written } from "../history.js"
import {
  allTerms,
  covers,
  type Facts,
  factsOf,
  hadTrouble,
  idOf,
  nameOf,
  never,
  since,
  type Term,
  termName,
  type Violation,
  violation,
  wasPaused
} from "./facts.js"
import { type Handling, type History, isHandled, type Moment, type Ownership } from "./history.js"

export const lost = (facts: Facts): ReadonlyArray<Violation> =>
  facts.written.flatMap((record) => {
    const handlings = facts.ofRecord.get(idOf(record)) ?? []
    return handlings.some(isHandled) ? [] : [
      violation(
        "lost",
        `${nameOf(facts, record)} ${handlings.length === 0 ? "never came" : "was never handled to the end"}`
      )
    ]
  })

export const invented = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.ofRecord.keys()].filter((id) => !facts.byId.has(id)).map((id) =>
    violation("invented", `${id} came and was never written`)
  )

/** Reading began again between two instants, after a handler had failed. */
const beganAgain = ({ failures, readings }: Ownership, from: Moment, to: Moment): boolean =>
  readings.some((reading) => isWithin(reading, from, to) && failures.some(({ tick }) => tick < reading.tick))

/** The records handled since reading last began. */
const lastRead = ({ handlings, readings }: Term): ReadonlyArray<Handling> => {
  const from = readings.at(-1)?.tick ?? 0
  return handlings.filter(({ began }) => began.tick > from)
}

const isWithin = (moment: Moment | undefined, from: Moment, to: Moment): boolean =>
  moment !== undefined && moment.tick > from.tick && moment.tick < to.tick

/**
 * Why a record is handled again that was acknowledged earlier in this term; undefined if there is no reason. A record
 * acknowledged behind one that was not is handled again, however the term ended, and so is one that was acknowledged
 * before a handler failed and was not repeated before the term ended.
 */
export const reasonOf = (facts: History, term: Term, handling: Handling): string | undefined => {
  const { life, over, process, toEndAt, until } = term
  const handlings = lastRead(term)
  const isBehindGap = handlings.some((other) =>
    compareSequenceNumbers(other.sequenceNumber, handling.sequenceNumber) <= 0 &&
    !handlings.some((each) =>
      each.sequenceNumber === other.sequenceNumber && each.told !== undefined && each.told.tick < until.tick
    )
  )
  const isCut = until.at >= toEndAt + facts.scenario.drainMillis
  const storing = 3 * facts.scenario.storeLatencyMillis
  if (facts.scenario.intake === "shards" && isCut && handling.told!.at >= until.at - storing) return "told of too late"
  const last = Math.min(until.at, facts.lastDisturbance)
  if ((isBehindGap || !handlings.includes(handling)) && term.failures.length > 0) return "behind a handler that failed"
  if (isBehindGap && handlings.some(({ cut }) => cut !== undefined)) return "behind a handler that was cut off"
  if (over === undefined && life.end?.how === "crashed") return "crash"
  if (over?.how === "lost" && wasPaused(life, term.claimed.at, last)) return "pause"
  if (over?.how === "lost" && hadTrouble(facts as Facts, process, term.claimed.at, last)) return "store out of reach"
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
  readonly term: Term
  readonly reason: string | undefined
}

const repetitions = (facts: Facts): ReadonlyArray<Repetition> =>
  [...facts.ofRecord.values()].flatMap((handlings) =>
    handlings.slice(1).flatMap((later, index): ReadonlyArray<Repetition> => {
      const earlier = handlings.slice(0, index + 1).findLast(({ told }) =>
        told !== undefined && told.tick < later.began.tick
      )
      if (earlier === undefined) return []
      const term = facts.terms.get(earlier.shardId)?.find(({ process, token }) =>
        process === earlier.process && token === earlier.token
      )
      if (term === undefined) return []
      const isSame = later.process === earlier.process && later.token === earlier.token
      const reason = isSame
        ? beganAgain(term, earlier.began, later.began) ? "handler failed" : undefined
        : reasonOf(facts, term, earlier)
      return [{ earlier, later, term, reason }]
    })
  )

/**
 * A record was handled again without a reason; or though it was stored when its owner took the shard; or though there was
 * the time to store it before its owner vanished.
 */
export const repeated = (facts: Facts): ReadonlyArray<Violation> => [
  ...repetitions(facts).flatMap(({ earlier, later, reason, term }) => {
    const what = `${nameOf(facts, later)}, told of by ${termName(term)} at ${
      since(facts, earlier.told!)
    }, came again at ${since(facts, later.began)} to w${later.process}`
    if (reason === undefined) return [violation("repeated", `${what} for no reason`)]
    if (reason !== "crash") return []
    const late = unstoredFor(facts, term, earlier)
    return late > 0 ? [violation("repeated", `${what}: it could have been stored ${late} ms before the crash`)] : []
  }),
  ...allTerms(facts).flatMap((term) =>
    term.handlings.filter((handling) => covers(term.found, handling)).map((handling) =>
      violation("repeated", `${nameOf(facts, handling)} came to ${termName(term)}, which found it stored`)
    )
  )
]

/** By how much too long an acknowledged record had not been stored when its owner crashed. */
const unstoredFor = (facts: Facts, { handlings, life, process, until }: Term, { sequenceNumber, told }: Handling) => {
  const upTo = handlings.filter((other) => compareSequenceNumbers(other.sequenceNumber, sequenceNumber) <= 0)
  if (upTo.some((other) => other.told === undefined)) return 0
  const toldAt = Math.max(told!.at, ...upTo.map((other) => other.told!.at))
  const { checkpointMillis, leaseMillis, storeLatencyMillis } = facts.scenario
  const allowed = Math.min(checkpointMillis ?? Infinity, leaseMillis / 3) + 3 * storeLatencyMillis + 2
  if (hadTrouble(facts, process, toldAt - leaseMillis, until.at) || wasPaused(life, toldAt, until.at)) return 0
  return until.at - toldAt - allowed
}

/** Within one term the records of one key are handled one after the other, in order, but for what a failure brings again. */
export const order = (facts: Facts): ReadonlyArray<Violation> =>
  allTerms(facts).flatMap((term) => {
    const last = new Map<string, Handling>()
    return term.handlings.flatMap((handling) => {
      const before = last.get(handling.key)
      last.set(handling.key, handling)
      if (before === undefined || before.piece === handling.piece) return []
      if (beganAgain(term, before.began, handling.began)) return []
      const doneAt = before.ended ?? before.failed ?? before.cut ?? never
      return compareSequenceNumbers(before.sequenceNumber, handling.sequenceNumber) < 0 &&
          doneAt.tick < handling.began.tick
        ? []
        : [
          violation(
            "order",
            `${termName(term)}: ${nameOf(facts, handling)} began before ${nameOf(facts, before)} was done`
          )
        ]
    })
  })

/** When a record of a key begins to be handled, all that were written before it under the key were handled by somebody. */
export const skipped = (facts: Facts): ReadonlyArray<Violation> =>
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
