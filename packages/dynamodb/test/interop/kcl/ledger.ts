import type { Row } from "../../../src/internal/leaseRow.js"

/** A record as it was written: its number is the place in the order of writing. */
export interface Written {
  readonly key: string
  readonly text: string
}

export interface Entry {
  readonly worker: string
  readonly at: number
  readonly what: string
  readonly shardId: string
  readonly details: ReadonlyArray<string>
}

export interface Handled extends Entry {
  readonly number: number
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly key: string
  readonly text: string
}

export const entry = (worker: string, line: string): Entry => {
  const [at, what, shardId, ...details] = line.split("\t")
  return { worker, at: Number(at), what: what!, shardId: shardId!, details }
}

export const handled = (entries: ReadonlyArray<Entry>): ReadonlyArray<Handled> =>
  entries.filter(({ what }) => what === "record").map((it) => {
    const [sequenceNumber, subSequenceNumber, key, text] = it.details
    return {
      ...it,
      number: Number(text!.split("|")[0]),
      sequenceNumber: sequenceNumber!,
      subSequenceNumber: Number(subSequenceNumber),
      key: key!,
      text: text!
    }
  })

export interface Audit {
  readonly written: number
  readonly handled: number
  readonly lost: ReadonlyArray<number>
  readonly repeated: ReadonlyArray<Handled>
  /** Handled for the first time after a later record of the same key. */
  readonly disordered: ReadonlyArray<Handled>
  /** With another key or other data than were written. */
  readonly wrong: ReadonlyArray<Handled>
}

/** What was handled, by whomever, against what was written. */
export const audit = (written: ReadonlyArray<Written>, entries: ReadonlyArray<Entry>): Audit => {
  const records = [...handled(entries)].sort((a, b) => a.at - b.at)
  const seen = new Set<number>()
  const lastOfKey = new Map<string, number>()
  const repeated: Array<Handled> = []
  const disordered: Array<Handled> = []
  for (const record of records) {
    if (seen.has(record.number)) {
      repeated.push(record)
      continue
    }
    seen.add(record.number)
    if (record.number < (lastOfKey.get(record.key) ?? -1)) disordered.push(record)
    lastOfKey.set(record.key, record.number)
  }
  return {
    written: written.length,
    handled: records.length,
    lost: written.flatMap((_, number) => seen.has(number) ? [] : [number]),
    repeated,
    disordered,
    wrong: records.filter(({ key, number, text }) => written[number]?.key !== key || written[number]?.text !== text)
  }
}

const place = (sequenceNumber: string, subSequenceNumber: number): bigint =>
  BigInt(sequenceNumber) * 1_000_000n + BigInt(subSequenceNumber)

/** What a worker handled although the rows that it found had it as handled. */
export const atOrBeforeCheckpoint = (
  entries: ReadonlyArray<Entry>,
  rows: ReadonlyArray<Row>
): ReadonlyArray<Handled> => {
  const found = new Map(rows.map((row) => [row["leaseKey"]?.S, row]))
  return handled(entries).filter((record) => {
    const row = found.get(record.shardId)
    const checkpoint = row?.["checkpoint"]?.S
    if (checkpoint === "SHARD_END") return true
    if (checkpoint === undefined || !/^\d+$/.test(checkpoint)) return false
    const stored = place(checkpoint, Number(row!["checkpointSubSequenceNumber"]?.N))
    return place(record.sequenceNumber, record.subSequenceNumber) <= stored
  })
}

/** The shards whose lease a worker lost while it was at work: KCL tells of a loss at the end of each stop as well. */
export const lostShards = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const released = new Set<string>()
  const lost = new Set<string>()
  for (const { shardId, what, worker } of entries) {
    const lease = `${worker} ${shardId}`
    if (what === "released") released.add(lease)
    else if (what === "began") released.delete(lease)
    else if (what === "lost" && !released.has(lease)) lost.add(shardId)
  }
  return [...lost]
}
