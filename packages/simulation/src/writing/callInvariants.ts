import type { Facts, Violation } from "./facts.js"
import { fateOf, since, violation } from "./facts.js"

/** The most records of one request, and what one may take besides the records' own bytes. */
const requestRecords = 500
const overhead = 200

/** The producer holds no more bytes than it may, or else one record that is larger. */
export const room = (facts: Facts): ReadonlyArray<Violation> => {
  const { maxBufferedBytes } = facts.scenario.settings
  const largest = Math.max(
    0,
    ...facts.records.map(({ given }) => given.bytes + given.partitionKey.length + overhead)
  )
  const bound = Math.max(maxBufferedBytes, largest)
  return facts.mostBuffered > bound ? [violation("room", `${facts.mostBuffered} bytes were held of ${bound}`)] : []
}

/** No more requests are under way than there may be. */
export const requestsUnderWay = (facts: Facts): ReadonlyArray<Violation> => {
  const { maxInFlight } = facts.scenario.settings
  const over = facts.requests.find(({ sentAt }, index) =>
    facts.requests.filter((request, other) => other <= index && request.sentAt <= sentAt && request.endedAt > sentAt)
      .length > maxInFlight
  )
  return over === undefined
    ? []
    : [violation("requests under way", `more than ${maxInFlight} at ${since(facts, over.sentAt)}`)]
}

/** Each request is one that the service takes, and none holds a record twice. */
export const requests = (facts: Facts): ReadonlyArray<Violation> =>
  facts.requests.flatMap(({ outcome, parcels, sentAt }) => {
    const ids = parcels.flatMap((parcel) => parcel.ids)
    const problem = outcome === "InvalidArgument" || outcome === "defect"
      ? `ended with ${outcome}`
      : parcels.length < 1 || parcels.length > requestRecords
      ? `had ${parcels.length} entries`
      : new Set(ids).size < ids.length
      ? "held a record twice"
      : undefined
    return problem === undefined ? [] : [violation("request", `the one of ${since(facts, sentAt)} ${problem}`)]
  })

/** Where nothing goes wrong but that one shard gets too much, the callers of the others wait two round trips and the linger. */
export const coldLane = (facts: Facts): ReadonlyArray<Violation> => {
  const { about, callers, latencyMillis, settings: { lingerMillis } } = facts.scenario
  if (about !== "hot shard") return []
  const most = 2 * latencyMillis + lingerMillis + 1
  return facts.records.flatMap((record) => {
    const { caller, given: { id }, givenAt, tellings } = record
    if (caller === callers[0]) return []
    const millis = (tellings[0]?.at ?? Infinity) - givenAt
    return fateOf(record)?._tag === "Written" && millis <= most
      ? []
      : [violation("cold lane", `record ${id} of a cold shard took ${millis} ms, more than ${most}`)]
  })
}

/** A flush ends, and not before all that was given has been told. */
export const flush = (facts: Facts): ReadonlyArray<Violation> =>
  facts.flushes.flatMap(({ beganAt, endedAt, ids }) => {
    if (endedAt === Infinity) return [violation("flush", `the one of ${since(facts, beganAt)} did not end`)]
    const early = facts.records.find(({ caller, given: { id }, interruptedAt, tellings }) =>
      !caller.door.endsWith("sink") && ids.includes(id) && interruptedAt === Infinity &&
      (tellings[0]?.at ?? Infinity) > endedAt
    )
    return early === undefined
      ? []
      : [violation("flush", `the one of ${since(facts, beganAt)} ended before record ${early.given.id} was told`)]
  })

/** Closing takes no longer than it may and a request, and nothing is sent when it is done. */
export const close = (facts: Facts): ReadonlyArray<Violation> => {
  const { closing: { beganAt, endedAt }, scenario: { requestTimeoutMillis, settings } } = facts
  if (endedAt === Infinity) return [violation("close", "the producer did not close")]
  const most = settings.closeTimeoutMillis + requestTimeoutMillis + 1
  const late = facts.requests.find(({ sentAt }) => sentAt > endedAt)
  const untold = facts.records.find(({ givenAt, interruptedAt, tellings }) =>
    givenAt <= endedAt && interruptedAt === Infinity && (tellings[0]?.at ?? Infinity) > endedAt
  )
  return [
    ...(endedAt - beganAt > most
      ? [violation("close", `closing took ${endedAt - beganAt} ms, more than ${most}`)]
      : []),
    ...(late === undefined
      ? []
      : [violation("close", `a request was sent at ${since(facts, late.sentAt)}, after the end`)]),
    ...(untold === undefined ? [] : [violation("close", `record ${untold.given.id} was not told by the end`)])
  ]
}

export const unfinished = ({ unfinished }: Facts): ReadonlyArray<Violation> =>
  unfinished === undefined ? [] : [violation("unfinished", unfinished)]

/** At its end the producer holds nothing, and its counts add up to what was given and told. */
export const stats = (facts: Facts): ReadonlyArray<Violation> => {
  if (facts.stats === undefined) return []
  const { accepted, bufferedBytes, failed, waiting, withdrawn, written } = facts.stats
  const told = facts.records.filter((record) => fateOf(record)?._tag === "Written").length
  const isWell = bufferedBytes === 0 && waiting === 0 && written >= told && accepted <= facts.given.size &&
    accepted === written + failed + withdrawn
  return isWell ? [] : [violation("stats", `${told} records were told written: ${JSON.stringify(facts.stats)}`)]
}
