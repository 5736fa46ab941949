import { type Facts, idOf, nameOf, since, type Violation, violation } from "./facts.js"
import type { ReadCall, Run } from "./history.js"

const patienceMillis = 5 * 60_000
const stalenessMillis = 10 * 60_000
const isFailing = ({ outcome }: ReadCall): boolean =>
  outcome !== "ok" && outcome !== "ThrottledError" && outcome !== "ExpiredListToken"

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)

/**
 * A run may fail when an outage outlasted it: the same call failed for 5 minutes without a break, no listing succeeded
 * for 10, or no read succeeded in the whole time limit.
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

export const failed = (facts: Facts): ReadonlyArray<Violation> =>
  facts.runs.flatMap((run, index) =>
    run.end._tag === "Failed" && !mayFail(facts, run, index)
      ? [violation("failed", `run ${index} failed at ${since(facts, run.endedAt)}: ${run.end.message}`)]
      : []
  )

/** What the `until` of a run requires if the run ended by itself. */
const endOf = (facts: Facts, run: Run, index: number): string | undefined => {
  const unread = (upTo: number) => {
    const missing = facts.written.find((record) =>
      record.arrival >= facts.start.allFrom && record.arrival < upTo && record.trimmedAt === undefined &&
      !(facts.handlings.get(idOf(record)) ?? []).some((batch) => batch.run <= index && batch.done !== undefined)
    )
    return missing === undefined
      ? undefined
      : `ended by ${run.until._tag} at ${since(facts, run.endedAt)} without ${nameOf(missing)}`
  }
  const { skewMillis, intake } = facts.scenario
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
      const tooMany = intake === "records"
        ? total > run.until.count
        : intake === "pages" && total - sizes.at(-1)! >= run.until.count
      return total < run.until.count || tooMany
        ? `ended after ${total} records instead of ${run.until.count}`
        : undefined
    }
  }
}

const callsAfter = (facts: Facts, run: number, time: number): ReadonlyArray<ReadCall> =>
  facts.calls.filter((call) =>
    call.run === run && call.at > time && (call.operation === "getRecords" || call.operation === "getShardIterator")
  )

/**
 * A run ends by itself when its `until` says so. When its time is over while a page is handled, it may make one more
 * call of that shard, which is aborted.
 */
export const ends = (facts: Facts): ReadonlyArray<Violation> =>
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

export const unfinished = ({ unfinished }: Facts): ReadonlyArray<Violation> =>
  unfinished === undefined ? [] : [violation("unfinished", unfinished)]
