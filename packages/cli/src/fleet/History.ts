import { compareSequenceNumbers } from "effect-kinesis/Position"
import type { Handled, Report, Told } from "./Report.js"

/** A worker's ownership of the lease of a shard, as reported by the worker: from when, until when, and what it read meanwhile. */
export interface Ownership {
  readonly worker: string
  readonly shardId: string
  readonly fencingToken: number
  readonly acquiredAt: number
  readonly because: "free" | "expired" | "given"
  /** Whether it has subscribed to the shard: until then it polls. */
  isSubscribed: boolean
  /** Of what was read, empty or not. */
  firstReadAt: number | undefined
  lastReadAt: number | undefined
  millisBehindLatest: number
  /** The stored checkpoint: the sequence number up to which the shard was handled. */
  stored: string
  end: { readonly _tag: "Released" | "Finished" | "Lost" | "Killed"; readonly at: number } | undefined
}

/** A record that a worker handled. */
export interface HandledBy extends Handled {
  readonly worker: string
}

/** A record that the service accepted. */
export interface Written {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** What was written, and what the workers reported. */
export interface History {
  readonly written: Array<Written>
  readonly handled: Array<HandledBy>
  /** Which records were handled. */
  readonly handledIds: Set<string>
  readonly ownerships: Array<Ownership>
  /** The parents of the shards that reshards created. */
  readonly parents: Map<string, ReadonlyArray<string>>
}

export const begin = (): History => ({
  written: [],
  handled: [],
  handledIds: new Set(),
  ownerships: [],
  parents: new Map()
})

const recordId = ({ sequenceNumber, shardId }: Written): string => `${shardId}/${sequenceNumber}`

/** Records that were written but not handled. */
export const unhandled = ({ handledIds, written }: History): ReadonlyArray<Written> =>
  written.filter((record) => !handledIds.has(recordId(record)))

/** The shards that a worker has. */
export const heldBy = (history: History, worker: string): ReadonlyArray<Ownership> =>
  history.ownerships.filter((ownership) => ownership.worker === worker && ownership.end === undefined)

export const told = (history: History, worker: string, report: Report): void => {
  if (report._tag === "Handled") {
    history.handled.push({ ...report, worker })
    history.handledIds.add(recordId(report))
  }
  if (report._tag === "Happened") happened(history, worker, report.at, report.event)
}

const happened = (history: History, worker: string, at: number, event: Told): void => {
  if (event._tag === "LeaseAcquired") {
    const { because, fencingToken, shardId } = event
    const stored = "sequenceNumber" in event.from ? event.from.sequenceNumber : "0"
    history.ownerships.push({
      worker,
      shardId,
      fencingToken,
      acquiredAt: at,
      because,
      stored,
      isSubscribed: false,
      firstReadAt: undefined,
      lastReadAt: undefined,
      millisBehindLatest: 0,
      end: undefined
    })
    return
  }
  if (!("shardId" in event) || event.shardId === undefined) return
  const ownership = history.ownerships.findLast((one) => one.worker === worker && one.shardId === event.shardId)
  if (ownership === undefined) return
  switch (event._tag) {
    case "PageRead":
      ownership.firstReadAt ??= at
      ownership.lastReadAt = at
      ownership.millisBehindLatest = event.millisBehindLatest ?? ownership.millisBehindLatest
      return
    case "Subscribed":
      ownership.isSubscribed = true
      return
    case "CheckpointStored":
      if ("sequenceNumber" in event.position) ownership.stored = event.position.sequenceNumber
      return
    case "LeaseReleased":
      ownership.end = { _tag: "Released", at }
      return
    case "LeaseLost":
      ownership.end = { _tag: "Lost", at }
      return
    case "ShardEnded":
      ownership.end = { _tag: "Finished", at }
  }
}

/** Notes that a worker is gone, with everything it had. */
export const killed = (history: History, worker: string, at: number): void => {
  for (const ownership of heldBy(history, worker)) ownership.end = { _tag: "Killed", at }
}

/** What became of the records. */
export interface Judgement {
  readonly written: number
  readonly handled: number
  readonly lost: number
  readonly duplicates: number
  /** Duplicates of records that a killed worker had handled but not yet checkpointed. */
  readonly duplicatesAfterKill: number
  /** The most records that may be handled again: those that killed workers had handled but not yet checkpointed. */
  readonly unstoredAtKill: number
  /** Records that were handled after a later one of their key. */
  readonly reordered: number
  /** Records of a child shard that were handled before one of its parents' was. */
  readonly beforeParents: number
}

/** Compares what was handled with what was written. */
export const judge = (history: History): Judgement => {
  const inTime = [...history.handled].sort((a, b) => a.at - b.at)
  const ofOwnership = new Map(
    history.ownerships.map((ownership) => [`${ownership.shardId}/${ownership.fencingToken}`, ownership])
  )
  const isUnstored = ({ fencingToken, sequenceNumber, shardId }: HandledBy): boolean => {
    const ownership = ofOwnership.get(`${shardId}/${fencingToken}`)
    return ownership?.end?._tag === "Killed" && compareSequenceNumbers(sequenceNumber, ownership.stored) > 0
  }
  const last = new Map<string, HandledBy>()
  const highest = new Map<string, number>()
  const highestOfOwnership = new Map<string, number>()
  let duplicates = 0
  let duplicatesAfterKill = 0
  let reordered = 0
  for (const record of inTime) {
    const id = recordId(record)
    const before = last.get(id)
    last.set(id, record)
    const { fencingToken, key, number, shardId } = record
    const keyOfOwnership = `${shardId}/${fencingToken}/${key}`
    const isLateInOwnership = number < (highestOfOwnership.get(keyOfOwnership) ?? -1)
    highestOfOwnership.set(keyOfOwnership, number)
    if (before !== undefined) {
      duplicates++
      if (isUnstored(before)) duplicatesAfterKill++
    }
    if (isLateInOwnership || (before === undefined && number < (highest.get(key) ?? -1))) reordered++
    highest.set(key, Math.max(number, highest.get(key) ?? -1))
  }
  return {
    written: history.written.length,
    handled: last.size,
    lost: unhandled(history).length,
    duplicates,
    duplicatesAfterKill,
    unstoredAtKill: history.handled.filter(isUnstored).length,
    reordered,
    beforeParents: beforeParents(history)
  }
}

const beforeParents = ({ handled, parents }: History): number => {
  const lastOf = new Map<string, number>()
  for (const { at, shardId } of handled) lastOf.set(shardId, Math.max(at, lastOf.get(shardId) ?? 0))
  return handled.filter(({ at, shardId }) =>
    (parents.get(shardId) ?? []).some((parent) => at < (lastOf.get(parent) ?? 0))
  ).length
}

/** A shard that went from one worker to another, and how long nobody read it. */
export interface Gap {
  readonly shardId: string
  readonly from: string
  readonly to: string
  /** How the new owner got it. */
  readonly because: Ownership["because"]
  /** From the kill, or from the last answer that the old owner had, to the first of the new one. */
  readonly millis: number
  /** From when the lease was given up, or its owner killed. */
  readonly sinceGivenUp: number
}

/** How reading continued of the shards that were left in this way; undefined for those that nobody has read again. */
export const gaps = (
  { ownerships }: History,
  end: "Released" | "Killed",
  { since = 0, worker }: { readonly worker?: string; readonly since?: number } = {}
): ReadonlyArray<Gap | undefined> =>
  ownerships.flatMap((ownership, index) => {
    const { end: ended, lastReadAt, shardId } = ownership
    if (ended?._tag !== end || ended.at < since || (worker !== undefined && ownership.worker !== worker)) return []
    const next = ownerships.find((one, at) => at > index && one.shardId === shardId && one.firstReadAt !== undefined)
    if (next?.firstReadAt === undefined) return [undefined]
    return [{
      shardId,
      from: ownership.worker,
      to: next.worker,
      because: next.because,
      millis: next.firstReadAt - (end === "Killed" ? ended.at : lastReadAt ?? ended.at),
      sinceGivenUp: next.firstReadAt - ended.at
    }]
  })

/** The longest gap; undefined if a shard was not read again. */
export const longest = (all: ReadonlyArray<Gap | undefined>): number | undefined =>
  all.reduce<number | undefined>(
    (most, gap) => most === undefined || gap === undefined ? undefined : Math.max(most, gap.millis),
    0
  )
