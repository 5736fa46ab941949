import { compareSequenceNumbers } from "effect-kinesis/Position"
import { type Facts, idOf, nameOf, since, type Violation, violation } from "./facts.js"
import { grouped } from "./grouped.js"
import { ancestors, type Batch, isCovered, passedShards, recordId, type Written } from "./history.js"

/**
 * A record from the start on was never handled to the end, though it stayed in the stream; or it was passed over, a
 * later one of its shard being handed on, while it was still there.
 */
export const lost = (facts: Facts): ReadonlyArray<Violation> =>
  [...grouped(facts.written, ({ shardId }) => shardId).values()].flatMap((records) => {
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
            `${nameOf(record)}, ${arrived}, ${handled.length === 0 ? "never came" : "was never handled to the end"}`
          )
        )
      }
      laterSeenAt = Math.min(laterSeenAt, handled[0]?.at ?? Infinity)
    }
    return missing.reverse()
  })

/** A record came twice in one run, or in a run whose stored positions say that it was handled. */
export const repeated = (facts: Facts): ReadonlyArray<Violation> => {
  const passed = facts.runs.map(({ positions }) => passedShards(facts.parents, positions))
  return facts.written.flatMap((record) => {
    const { sequenceNumber, shardId } = record
    return (facts.handlings.get(idOf(record)) ?? []).flatMap(({ at, run }, index, handlings) => {
      if (handlings[index - 1]?.run === run) {
        return [violation("repeated", `${nameOf(record)} came twice in run ${run}, again at ${since(facts, at)}`)]
      }
      return isCovered(facts.runs[run]!.positions, passed[run]!, shardId, sequenceNumber)
        ? [
          violation(
            "repeated",
            `${nameOf(record)} came in run ${run} at ${since(facts, at)}, after its position was stored`
          )
        ]
        : []
    })
  })
}

export const invented = (facts: Facts): ReadonlyArray<Violation> =>
  [...facts.handlings.keys()].filter((id) => !facts.byId.has(id)).map((id) =>
    violation("invented", `${id} came and was never written`)
  )

/**
 * A record from before the start came. A program that was started again reads a shard from its first record, whatever
 * its start, if it has stored positions of the shard's relatives and none of the shard, or if the shard has lost a
 * parent and a shard with a stored position is gone too: that is documented.
 */
export const early = (facts: Facts): ReadonlyArray<Violation> => {
  const related = facts.runs.map(({ positions }) =>
    new Set([...Object.keys(positions), ...passedShards(facts.parents, positions)])
  )
  const isReadWhole = (shardId: string, upToRun: number) => {
    const lineage = ancestors(facts.parents, shardId)
    return facts.runs.some(({ hasLostStored, listed, positions }, run) =>
      run <= upToRun && positions[shardId] === undefined &&
      [...lineage].some((ancestor) => related[run]!.has(ancestor) || (hasLostStored && !listed.has(ancestor)))
    )
  }
  return facts.written.flatMap((record) => {
    const first = facts.handlings.get(idOf(record))?.[0]
    return first === undefined || record.arrival >= facts.start.notBefore || isReadWhole(record.shardId, first.run)
      ? []
      : [violation("early", `${nameOf(record)} arrived at ${since(facts, record.arrival)}, before the start`)]
  })
}

/** Each record where it came first, in that order. */
const firstSeen = (facts: Facts): ReadonlyArray<Written> => {
  const seen = new Set<string>()
  return facts.batches.flatMap(({ sequenceNumbers, shardId }) =>
    sequenceNumbers.flatMap((sequenceNumber) => {
      const id = recordId(shardId, sequenceNumber)
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
export const keyOrder = (facts: Facts): ReadonlyArray<Violation> => {
  const last = new Map<string, Written>()
  return firstSeen(facts).filter(({ arrival }) => arrival >= facts.start.notBefore).flatMap((record) => {
    const before = last.get(record.key)
    last.set(record.key, record)
    return before !== undefined && before.number > record.number
      ? [violation("key order", `${nameOf(record)} came after ${nameOf(before)}`)]
      : []
  })
}

export const shardOrder = (facts: Facts): ReadonlyArray<Violation> => {
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
export const parentsFirst = (facts: Facts): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  const withRecords = facts.batches.filter(({ sequenceNumbers }) => sequenceNumbers.length > 0)
  const firstOfChild = new Map<string, Batch>()
  const lineage = new Map([...facts.parents.keys()].map((shardId) => [shardId, ancestors(facts.parents, shardId)]))
  for (const batch of withRecords) {
    const place = `${batch.run} ${batch.shardId}`
    if (!firstOfChild.has(place)) firstOfChild.set(place, batch)
  }
  const isNew = ({ began, sequenceNumbers, shardId }: Batch) =>
    sequenceNumbers.some((sequenceNumber) =>
      !facts.handlings.get(recordId(shardId, sequenceNumber))!.some(({ done }) => done !== undefined && done < began)
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
          nameOf(unread)
        } of an ancestor was handled`
      ))
    }
  }
  return found
}
