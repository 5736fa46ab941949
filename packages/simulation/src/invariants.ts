import { compareSequenceNumbers } from "effect-kinesis/Position"
import type { Batch, Call, History, Run, Written } from "./history.js"
import * as Of from "./history.js"

/** What must hold of every history. */
export type Invariant =
  | "lost"
  | "repeated"
  | "invented"
  | "early"
  | "key order"
  | "shard order"
  | "parents first"
  | "too many reads"
  | "spacing"
  | "stray call"
  | "listing"
  | "failed"
  | "end"
  | "unfinished"

export interface Violation {
  readonly invariant: Invariant
  readonly text: string
}

/** A history with what several invariants look up in it. */
interface Facts extends History {
  readonly byId: ReadonlyMap<string, Written>
  /** Each record's batches, in order. */
  readonly handlings: ReadonlyMap<string, ReadonlyArray<Batch>>
  readonly start: { readonly notBefore: number; readonly allFrom: number }
}

const idOf = ({ sequenceNumber, shardId }: Written): string => Of.recordId(shardId, sequenceNumber)

const factsOf = (history: History): Facts => {
  const handlings = new Map<string, Array<Batch>>()
  for (const batch of history.batches) {
    for (const sequenceNumber of batch.sequenceNumbers) {
      const id = Of.recordId(batch.shardId, sequenceNumber)
      const found = handlings.get(id)
      if (found === undefined) handlings.set(id, [batch])
      else found.push(batch)
    }
  }
  return {
    ...history,
    byId: new Map(history.written.map((record) => [idOf(record), record])),
    handlings,
    start: Of.startOf({ ...history, startedAt: history.runs[0]?.startedAt ?? Infinity })
  }
}

const violation = (invariant: Invariant, text: string): Violation => ({ invariant, text })

const since = ({ epoch }: History, at: number): string => `${((at - epoch) / 1000).toFixed(3)} s`

const name = ({ key, number, sequenceNumber, shardId }: Written): string =>
  `${key}#${number} (${shardId} ${sequenceNumber})`

const shardsOf = (written: ReadonlyArray<Written>): ReadonlyArray<ReadonlyArray<Written>> => {
  const shards = new Map<string, Array<Written>>()
  for (const record of written) {
    const found = shards.get(record.shardId)
    if (found === undefined) shards.set(record.shardId, [record])
    else found.push(record)
  }
  return [...shards.values()]
}

/**
 * A record from the start on was never handled to the end, though it stayed in the stream; or it was passed over, a
 * later one of its shard being handed on, while it was still there.
 */
const lost = (facts: Facts): ReadonlyArray<Violation> =>
  shardsOf(facts.written).flatMap((records) => {
    let laterSeenAt = Infinity
    const missing: Array<Violation> = []
    for (const record of [...records].reverse()) {
      const handled = facts.handlings.get(idOf(record)) ?? []
      const isDone = handled.some(({ done }) => done !== undefined)
      const passedOver = handled.length === 0 && record.trimmedAt !== undefined && laterSeenAt < record.trimmedAt
      if (record.arrival >= facts.start.allFrom && !isDone && (record.trimmedAt === undefined || passedOver)) {
        const arrived = `arrived at ${since(facts, record.arrival)}`
        missing.push(
          violation(
            "lost",
            `${name(record)}, ${arrived}, ${handled.length === 0 ? "never came" : "was never handled to the end"}`
          )
        )
      }
      laterSeenAt = Math.min(laterSeenAt, handled[0]?.at ?? Infinity)
    }
    return missing.reverse()
  })

/** A record came twice in one run, or in a run whose stored positions say that it was handled. */
const repeated = (facts: Facts): ReadonlyArray<Violation> => {
  const passed = facts.runs.map(({ positions }) => Of.passedShards(facts.parents, positions))
  return facts.written.flatMap((record) => {
    const { sequenceNumber, shardId } = record
    return (facts.handlings.get(idOf(record)) ?? []).flatMap(({ at, run }, index, handlings) => {
      if (handlings[index - 1]?.run === run) {
        return [violation("repeated", `${name(record)} came twice in run ${run}, again at ${since(facts, at)}`)]
      }
      return Of.isCovered(facts.runs[run]!.positions, passed[run]!, shardId, sequenceNumber)
        ? [
          violation(
            "repeated",
            `${name(record)} came in run ${run} at ${since(facts, at)}, after its position was stored`
          )
        ]
        : []
    })
  })
}

const invented = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.handlings.keys()].filter((id) => !facts.byId.has(id)).map((id) =>
    violation("invented", `${id} came and was never written`)
  )

/**
 * A record from before the start came. A program that was started again reads a shard from its first record, whatever
 * its start, if it has stored positions of the shard's relatives and none of the shard, or if the shard has lost a
 * parent and a shard with a stored position is gone too: that is documented.
 */
const early = (facts: Facts): ReadonlyArray<Violation> => {
  const related = facts.runs.map(({ positions }) =>
    new Set([...Object.keys(positions), ...Of.passedShards(facts.parents, positions)])
  )
  const isReadWhole = (shardId: string, upToRun: number) => {
    const lineage = Of.ancestors(facts.parents, shardId)
    return facts.runs.some(({ hasLostStored, listed, positions }, run) =>
      run <= upToRun && positions[shardId] === undefined &&
      [...lineage].some((ancestor) => related[run]!.has(ancestor) || (hasLostStored && !listed.has(ancestor)))
    )
  }
  return facts.written.flatMap((record) => {
    const first = facts.handlings.get(idOf(record))?.[0]
    return first === undefined || record.arrival >= facts.start.notBefore || isReadWhole(record.shardId, first.run)
      ? []
      : [violation("early", `${name(record)} arrived at ${since(facts, record.arrival)}, before the start`)]
  })
}

/** Each record where it came first, in that order. */
const firstSeen = (facts: Facts): ReadonlyArray<Written> => {
  const seen = new Set<string>()
  return facts.batches.flatMap(({ sequenceNumbers, shardId }) =>
    sequenceNumbers.flatMap((sequenceNumber) => {
      const id = Of.recordId(shardId, sequenceNumber)
      const record = facts.byId.get(id)
      if (record === undefined || seen.has(id)) return []
      seen.add(id)
      return [record]
    })
  )
}

/**
 * Of each key, over all shards and runs: a record that came first after a later one. What comes again does not count,
 * nor what a shard that is read whole brings from before the start.
 */
const keyOrder = (facts: Facts): ReadonlyArray<Violation> => {
  const last = new Map<string, Written>()
  return firstSeen(facts).filter(({ arrival }) => arrival >= facts.start.notBefore).flatMap((record) => {
    const before = last.get(record.key)
    last.set(record.key, record)
    return before !== undefined && before.number > record.number
      ? [violation("key order", `${name(record)} came after ${name(before)}`)]
      : []
  })
}

const shardOrder = (facts: Facts): ReadonlyArray<Violation> => {
  const last = new Map<string, string>()
  return facts.batches.flatMap(({ run, sequenceNumbers, shardId }) =>
    sequenceNumbers.flatMap((sequenceNumber) => {
      const place = `${run} ${shardId}`
      const before = last.get(place)
      last.set(place, sequenceNumber)
      return before !== undefined && compareSequenceNumbers(before, sequenceNumber) >= 0
        ? [violation("shard order", `run ${run}, ${shardId}: ${sequenceNumber} came after ${before}`)]
        : []
    })
  )
}

/**
 * When the first record of a child begins to be handled, its ancestors' records have been handled in the same run or
 * before, and none of them comes later in the run but those that come again.
 */
const parentsFirst = (facts: Facts): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  const withRecords = facts.batches.filter(({ sequenceNumbers }) => sequenceNumbers.length > 0)
  const firstOfChild = new Map<string, Batch>()
  const lineage = new Map([...facts.parents.keys()].map((shardId) => [shardId, Of.ancestors(facts.parents, shardId)]))
  for (const batch of withRecords) {
    const place = `${batch.run} ${batch.shardId}`
    if (!firstOfChild.has(place)) firstOfChild.set(place, batch)
  }
  const isNew = ({ began, sequenceNumbers, shardId }: Batch) =>
    sequenceNumbers.some((sequenceNumber) =>
      !facts.handlings.get(Of.recordId(shardId, sequenceNumber))!.some(({ done }) => done !== undefined && done < began)
    )
  for (const child of firstOfChild.values()) {
    const before = lineage.get(child.shardId) ?? new Set()
    const late = withRecords.find((batch) =>
      batch.run === child.run && before.has(batch.shardId) && isNew(batch) &&
      (batch.began > child.began || batch.done === undefined || batch.done > child.began)
    )
    if (late !== undefined) {
      found.push(violation(
        "parents first",
        `run ${child.run}: ${child.shardId} began at ${
          since(facts, child.at)
        } before ${late.shardId} was done with what began at ${since(facts, late.at)}`
      ))
    }
    const unread = facts.written.find((record) =>
      before.has(record.shardId) && record.arrival >= facts.start.allFrom &&
      (record.trimmedAt === undefined || record.trimmedAt > child.at) &&
      !(facts.handlings.get(idOf(record)) ?? []).some(({ done }) => done !== undefined && done < child.began)
    )
    if (unread !== undefined) {
      found.push(violation(
        "parents first",
        `run ${child.run}: ${child.shardId} began at ${since(facts, child.at)} before ${
          name(unread)
        } of an ancestor was handled`
      ))
    }
  }
  return found
}

const readsOf = (facts: Facts): ReadonlyArray<ReadonlyArray<Call>> => {
  const shards = new Map<string | undefined, Array<Call>>()
  for (const call of facts.calls) {
    if (call.operation !== "getRecords") continue
    const found = shards.get(call.shardId)
    if (found === undefined) shards.set(call.shardId, [call])
    else found.push(call)
  }
  return [...shards.values()]
}

const readsPerSecond = 5

/** A shard was read more than 5 times in a second, refused calls and those of earlier runs included. */
const tooManyReads = (facts: Facts): ReadonlyArray<Violation> =>
  readsOf(facts).flatMap((calls) => {
    const index = calls.findIndex(({ at }, index) => {
      const sixthLast = calls[index - readsPerSecond]
      return sixthLast !== undefined && sixthLast.at > at - 1000
    })
    return index < 0 ? [] : [
      violation(
        "too many reads",
        `${calls[index]!.shardId}: 6 reads in the second to ${since(facts, calls[index]!.at)}`
      )
    ]
  })

const spacing = (facts: Facts): ReadonlyArray<Violation> =>
  readsOf(facts).flatMap((calls) => {
    const index = calls.findIndex(({ at, run }, index) => {
      const before = calls[index - 1]
      return before !== undefined && before.run === run && at - before.at < facts.scenario.pollMillis
    })
    return index < 0 ? [] : [
      violation(
        "spacing",
        `${calls[index]!.shardId}: read ${calls[index]!.at - calls[index - 1]!.at} ms after the read before, at ${
          since(facts, calls[index]!.at)
        }`
      )
    ]
  })

const strayCalls = (facts: Facts): ReadonlyArray<Violation> =>
  facts.calls
    .filter(({ run }) => run === undefined)
    .map(({ at, operation }) =>
      violation("stray call", `${operation} at ${since(facts, at)}, when no run was under way`)
    )

/** A further page of a listing is asked for by its token alone. */
const listing = (facts: Facts): ReadonlyArray<Violation> =>
  facts.calls
    .filter(({ fields, operation }) => operation === "listShards" && fields.includes("nextToken") && fields.length > 1)
    .map(({ at, fields }) =>
      violation("listing", `a further page was asked for by ${fields.join(", ")} at ${since(facts, at)}`)
    )

const patienceMillis = 5 * 60_000
const stalenessMillis = 10 * 60_000
const isFailing = ({ outcome }: Call): boolean =>
  outcome !== "ok" && outcome !== "ThrottledError" && outcome !== "ExpiredListToken"

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)

/**
 * A run may fail when an outage outlasted it: the same call failed for 5 minutes on end, no listing succeeded for 10,
 * or no read in all the time that was set.
 */
const mayFail = (facts: Facts, run: Run, index: number): boolean => {
  if (run.end._tag !== "Failed") return false
  const { error, operation } = run.end
  if (error !== "ServiceUnavailable" && error !== "RequestTimeout" && error !== "ThrottledError") return false
  const calls = facts.calls.filter((call) => call.run === index)
  const failingSince = new Map<string | undefined, number>()
  for (const call of calls) {
    if (call.operation !== lowerFirst(operation)) continue
    if (!isFailing(call)) failingSince.delete(call.shardId)
    else if (!failingSince.has(call.shardId)) failingSince.set(call.shardId, call.at)
  }
  const { listings } = run
  const longestWithout = Math.max(...[...listings, run.endedAt].map((at, i) => at - (listings[i - 1] ?? run.startedAt)))
  return (error !== "ThrottledError" && [...failingSince.values()].some((at) => run.endedAt - at >= patienceMillis)) ||
    longestWithout > stalenessMillis ||
    (run.until._tag === "Elapsed" && run.endedAt - run.startedAt >= run.until.millis &&
      !run.answered)
}

const failed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.runs.flatMap((run, index) =>
    run.end._tag === "Failed" && !mayFail(facts, run, index)
      ? [violation("failed", `run ${index} failed at ${since(facts, run.endedAt)}: ${run.end.message}`)]
      : []
  )

/** What a run that ended by itself owes to its `until`. */
const endOf = (facts: Facts, run: Run, index: number): string | undefined => {
  const unread = (upTo: number) => {
    const missing = facts.written.find((record) =>
      record.arrival >= facts.start.allFrom && record.arrival < upTo && record.trimmedAt === undefined &&
      !(facts.handlings.get(idOf(record)) ?? []).some((batch) => batch.run <= index && batch.done !== undefined)
    )
    return missing === undefined
      ? undefined
      : `ended by ${run.until._tag} at ${since(facts, run.endedAt)} without ${name(missing)}`
  }
  const { skewMillis, view } = facts.scenario
  switch (run.until._tag) {
    case "Never":
      return "ended by itself"
    case "Idle":
      return run.wasIdle || run.behind.length === 0
        ? unread(run.startedAt + skewMillis)
        : `ended by Idle at ${since(facts, run.endedAt)} while ${run.behind.join(", ")} had more to come`
    case "CaughtUp":
      return run.behind.length > 0
        ? `ended by CaughtUp at ${since(facts, run.endedAt)} while ${run.behind.join(", ")} had more to come`
        : unread(run.startedAt + skewMillis)
    case "Instant":
      return skewMillis < 0 ? undefined : unread(facts.epoch + run.until.at)
    case "Elapsed":
      return run.endedAt - run.startedAt < run.until.millis
        ? `ended after ${run.endedAt - run.startedAt} ms instead of ${run.until.millis}`
        : undefined
    case "Count": {
      const sizes = facts.batches.filter((batch) => batch.run === index).map((batch) => batch.sequenceNumbers.length)
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const tooMany = view === "records"
        ? total > run.until.count
        : view === "pages" && total - sizes.at(-1)! >= run.until.count
      return total < run.until.count || tooMany
        ? `ended after ${total} records instead of ${run.until.count}`
        : undefined
    }
  }
}

const callsAfter = (facts: Facts, run: number, time: number): ReadonlyArray<Call> =>
  facts.calls.filter((call) =>
    call.run === run && call.at > time && (call.operation === "getRecords" || call.operation === "getShardIterator")
  )

/**
 * A run ends by itself when its `until` says so. When its time is over while a page is handled, it may make one more
 * call of that shard, which is aborted.
 */
const ends = (facts: Facts): ReadonlyArray<Violation> =>
  facts.runs.flatMap((run, index) => {
    const { until } = run
    const wrong = run.end._tag === "Ended" ? endOf(facts, run, index) : undefined
    const late = until._tag === "Elapsed" ? callsAfter(facts, index, run.startedAt + until.millis) : []
    const again = late.find((call, nth) => late.slice(0, nth).some(({ shardId }) => shardId === call.shardId))
    return [
      ...(wrong === undefined ? [] : [violation("end", `run ${index} ${wrong}`)]),
      ...(again === undefined ? [] : [
        violation("end", `run ${index} called ${again.operation} at ${since(facts, again.at)}, after its time was over`)
      ])
    ]
  })

const unfinished = ({ unfinished }: Facts): ReadonlyArray<Violation> =>
  unfinished === undefined ? [] : [violation("unfinished", unfinished)]

const all = [
  unfinished,
  lost,
  repeated,
  invented,
  early,
  keyOrder,
  shardOrder,
  parentsFirst,
  tooManyReads,
  spacing,
  strayCalls,
  listing,
  failed,
  ends
]

/** All that is wrong with a history; nothing if all is well. */
export const violations = (history: History): ReadonlyArray<Violation> => {
  const facts = factsOf(history)
  return all.flatMap((invariant) => invariant(facts))
}

/** How many times a record came again because the program had crashed before its position was stored. */
export const unavoidableRepeats = (history: History): number =>
  [...factsOf(history).handlings.values()].reduce((sum, handlings) => sum + handlings.length - 1, 0)
