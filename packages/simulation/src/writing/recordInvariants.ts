import { compareSequenceNumbers } from "effect-kinesis/Position"
import type { Attempt, Facts, RecordFacts, Violation } from "./facts.js"
import { fateOf, isToldWritten, since, violation } from "./facts.js"
import type { Copy } from "./history.js"

/** Each record that was given is told once, unless its caller was interrupted: then at most once. */
export const oneOutcome = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap(({ given: { id }, interruptedAt, tellings }) =>
    tellings.length === 1 || (tellings.length === 0 && interruptedAt < Infinity)
      ? []
      : [violation("one outcome", `record ${id} was told ${tellings.length} times`)]
  )

const isAt = (copy: Copy, { sequenceNumber, shardId, subSequenceNumber }: Omit<Copy, "id" | "isVisible">): boolean =>
  copy.shardId === shardId && copy.sequenceNumber === sequenceNumber && copy.subSequenceNumber === subSequenceNumber

/** What is told written is in the stream, where it was said to be, and a reader gets it there. */
export const lost = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap((record) => {
    const fate = fateOf(record)
    if (fate?._tag !== "Written") return []
    const { copies, given: { id } } = record
    const { place } = fate
    const visible = copies.filter(({ isVisible }) => isVisible)
    const isThere = place === undefined ? visible.length > 0 : visible.some((copy) => isAt(copy, place))
    return isThere
      ? []
      : [violation("lost", `record ${id} was told written, and ${copies.length} copies of it are elsewhere or dropped`)]
  })

/** What is told not to be written, or never taken, is not in the stream. */
export const falseNo = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap((record) => {
    const fate = fateOf(record)
    const isNo = fate?._tag === "Failed" ? fate.written === "no" : fate?._tag === "Closed" || fate?._tag === "NoRoom"
    return isNo && record.copies.length > 0
      ? [violation("false no", `record ${record.given.id} was told ${JSON.stringify(fate)}, and is in the stream`)]
      : []
  })

/**
 * Whether a reader gets what this attempt has written, and its sender knows it. Of an aggregate it cannot be sure where the service distributes
 * the records at some time.
 */
const isDone = (
  { autoFrom }: Facts,
  { copies }: RecordFacts,
  { parcel: { ids, outcome, place } }: Attempt
): boolean =>
  outcome === "written" &&
  (ids.length === 1 || autoFrom === Infinity) &&
  copies.some((copy) =>
    copy.isVisible && copy.sequenceNumber === place!.sequenceNumber && copy.shardId === place!.shardId
  )

/** Nothing is sent again that is known to be written, nor anything that was told. */
export const sentAgain = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap((record) => {
    const { attempts, given: { id }, tellings } = record
    const doneAt = Math.min(
      ...attempts.filter((attempt) => isDone(facts, record, attempt)).map(({ request }) => request.endedAt),
      ...tellings.map(({ at }) => at)
    )
    const again = attempts.find(({ request }) => request.sentAt > doneAt)
    return again === undefined
      ? []
      : [violation("sent again", `record ${id} was sent at ${since(facts, again.request.sentAt)}, after its end`)]
  })

/** A record whose caller was interrupted while it waited is never sent. One that is accepted by `offer` is not its caller's any more. */
export const takenBack = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap(({ attempts, given: { id }, interruptedAt }) => {
    const [first] = attempts
    return first !== undefined && first.request.sentAt > interruptedAt
      ? [violation("taken back", `record ${id} was first sent after its caller had been interrupted`)]
      : []
  })

const byPlace = (a: Copy, b: Copy): number =>
  compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) || (a.subSequenceNumber ?? 0) - (b.subSequenceNumber ?? 0)

/** The first copy of each record that was told written, by key, in the order in which the records were given. */
const firstCopies = (facts: Facts): ReadonlyMap<string, ReadonlyArray<Copy>> => {
  const byKey = new Map<string, Array<Copy>>()
  for (const record of facts.records) {
    const [first] = record.copies.filter(({ isVisible }) => isVisible).sort(byPlace)
    if (!isToldWritten(record) || first === undefined) continue
    const { partitionKey } = record.given
    byKey.set(partitionKey, [...byKey.get(partitionKey) ?? [], first])
  }
  return byKey
}

/** Where order is promised, the first copies of a key are in the order in which its caller gave them. */
export const keyOrder = (facts: Facts): ReadonlyArray<Violation> =>
  facts.scenario.settings.order === "none" ? [] : [...firstCopies(facts)].flatMap(([key, copies]) => {
    const wrong = copies.findIndex((copy, index) => index > 0 && byPlace(copies[index - 1]!, copy) >= 0)
    return wrong < 0
      ? []
      : [violation("key order", `record ${copies[wrong]!.id} of ${key} comes before ${copies[wrong - 1]!.id}`)]
  })

/** A record that cannot be written fails by itself, before any request. */
export const invalid = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap((record) => {
    const { attempts, given: { id, isInvalid } } = record
    const fate = fateOf(record)
    const isRefused = fate?._tag === "Failed" && (fate.reason === "invalid" || fate.reason === "encode")
    if (!isInvalid) return isRefused ? [violation("invalid", `record ${id} is valid, and was told invalid`)] : []
    const isWell = attempts.length === 0 &&
      (fate === undefined || isRefused || fate._tag === "Closed" || fate._tag === "NoRoom")
    return isWell ? [] : [violation("invalid", `record ${id} is invalid, and was told ${JSON.stringify(fate)}`)]
  })

/** A record is in the stream once, and once more for each attempt of which the sender does not know, or that no reader gets. */
export const duplicates = (facts: Facts): ReadonlyArray<Violation> =>
  facts.records.flatMap((record) => {
    const { attempts, copies, given: { id } } = record
    const excused = attempts.filter((attempt) =>
      attempt.parcel.outcome !== "refused" && !isDone(facts, record, attempt)
    )
    return copies.length > 1 + excused.length
      ? [violation("duplicates", `record ${id} is ${copies.length} times in the stream, for ${excused.length} reasons`)]
      : []
  })

/** What the shards' listing may take until it is known whether an aggregate is in its place. */
const listingMillis = 12_000

/** A record is told at its deadline, or when the request ends in which it is by then. */
export const late = (facts: Facts): ReadonlyArray<Violation> => {
  const { requestTimeoutMillis, settings: { recordDeadlineMillis } } = facts.scenario
  const most = recordDeadlineMillis + 2 * requestTimeoutMillis + listingMillis
  return facts.records.flatMap(({ acceptedAt, given: { id }, tellings }) => {
    const millis = (tellings[0]?.at ?? -Infinity) - acceptedAt
    return millis <= most
      ? []
      : [violation("late", `record ${id} was told ${millis} ms after it was accepted, with ${most} at the most`)]
  })
}
