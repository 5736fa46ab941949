import type * as Api from "effect-kinesis/KinesisApi"
import { hashKey } from "effect-kinesis/KinesisRecord"
import * as HashKeys from "./hashKeys.js"
import * as Limits from "./limits.js"
import { findServing, resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, rateExceeded } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"
import type { Draw } from "./shuffle.js"
import { shuffle } from "./shuffle.js"
import * as Throughput from "./throughput.js"

const requestBytes = 10 * Throughput.mebibyte
const requestRecords = 500

const bytesOf = (entry: Api.PutRecordsEntry): number =>
  entry.data.byteLength + Buffer.byteLength(entry.partitionKey ?? "", "utf8")

/** Counted only where there may be too many of them. */
const characters = (text: string): number => text.length > 256 ? [...text].length : text.length

const refuseKey = (stream: Stream, { partitionKey }: Api.PutRecordsEntry, path: string): Refusal | undefined => {
  if (partitionKey === undefined && stream.distribution === "AUTO") return undefined
  const keyLength = characters(partitionKey ?? "")
  return keyLength < 1 || keyLength > 256
    ? notInRange(`${path}partitionKey`, "1 to 256 characters", `${keyLength} characters`)
    : undefined
}

const refuseEntry = (
  { sizes }: Limits.Limits,
  stream: Stream,
  entry: Api.PutRecordsEntry,
  path: string
): Refusal | undefined => {
  const { explicitHashKey } = entry
  const badKey = refuseKey(stream, entry, path)
  if (badKey !== undefined) return badKey
  if (explicitHashKey !== undefined && HashKeys.parse(explicitHashKey) === undefined) {
    return notInRange(`${path}explicitHashKey`, "a decimal from 0 to 2^128 - 1", explicitHashKey)
  }
  const bytes = bytesOf(entry)
  const most = stream.maxRecordSizeInKiB * 1024
  return bytes <= most || !sizes
    ? undefined
    : notInRange(
      `${path}data`,
      `0 to ${most.toLocaleString("en-US")} bytes with the partition key`,
      `${bytes} bytes`
    )
}

const refuseEntries = (
  limits: Limits.Limits,
  stream: Stream,
  entries: ReadonlyArray<Api.PutRecordsEntry>
): Refusal | undefined => {
  if (entries.length < 1 || (limits.sizes && entries.length > requestRecords)) {
    return notInRange("records", "1 to 500 entries", `${entries.length} entries`)
  }
  for (const [index, entry] of entries.entries()) {
    const bad = refuseEntry(limits, stream, entry, `records[${index}].`)
    if (bad !== undefined) return bad
  }
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
  return bytes <= requestBytes || !limits.sizes
    ? undefined
    : notInRange("records", "0 to 10,485,760 bytes with the partition keys", `${bytes} bytes`)
}

/** The open shard that takes the entry; if the service distributes the records, assuming that it is the next one. */
export const route = ({ distributed, distribution, open }: Stream, entry: Api.PutRecordsEntry): Shard =>
  distribution === "AUTO" ? open[distributed % open.length]! : HashKeys.holder(
    open,
    (entry.explicitHashKey === undefined ? undefined : HashKeys.parse(entry.explicitHashKey)) ??
      hashKey(entry.partitionKey ?? "")
  )

/** The open shard that takes the entry. If the service distributes the records, the next one is another. */
const takeShard = (stream: Stream, entry: Api.PutRecordsEntry): Shard => {
  const shard = route(stream, entry)
  stream.distributed++
  return shard
}

/** How much a shard takes at once: more than a second's worth only where records may be larger than that. */
const burstOf = ({ maxRecordSizeInKiB }: Stream): number =>
  maxRecordSizeInKiB > 1024 ? Throughput.largeRecordBurst : Throughput.writeBytesPerSecond

const write = (
  account: Account,
  stream: Stream,
  shard: Shard,
  entry: Api.PutRecordsEntry,
  now: number
): Api.PutRecordResponse | Refusal => {
  const bytes = bytesOf(entry)
  const writes = Limits.countWrite(account.limits, shard.writes, bytes, now, burstOf(stream))
  if (writes === undefined) return rateExceeded(resourceOf(account, stream, shard.id))
  shard.writes = writes
  return { shardId: shard.id, sequenceNumber: ShardLog.append(shard, entry, now) }
}

/** The stream that a record goes to, or why it is refused. */
export const acceptRecord = (account: Account, request: Api.PutRecordRequest, now: number): Stream | Refusal => {
  const stream = findServing(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const { sequenceNumberForOrdering } = request
  if (sequenceNumberForOrdering !== undefined && !SequenceNumbers.isWellFormed(sequenceNumberForOrdering)) {
    return notInRange("sequenceNumberForOrdering", "a sequence number", sequenceNumberForOrdering)
  }
  if (sequenceNumberForOrdering !== undefined && stream.distribution === "AUTO") {
    return invalid("sequenceNumberForOrdering", "There is no order where the service distributes the records.")
  }
  return refuseEntry(account.limits, stream, request, "") ?? stream
}

export const putRecord = (
  account: Account,
  request: Api.PutRecordRequest,
  now: number
): Api.PutRecordResponse | Refusal => {
  const stream = acceptRecord(account, request, now)
  return isRefusal(stream) ? stream : write(account, stream, takeShard(stream, request), request, now)
}

/** The stream that records go to, or why they are refused. */
export const acceptRecords = (account: Account, request: Api.PutRecordsRequest, now: number): Stream | Refusal => {
  const stream = findServing(account, request.stream, now)
  return isRefusal(stream) ? stream : refuseEntries(account.limits, stream, request.records) ?? stream
}

/** The codes with which an entry can fail by itself. */
export type EntryErrorCode = "InternalFailure" | "ProvisionedThroughputExceededException"

/** Which entries fail although they could be written, and with which code. */
export interface EntryFault {
  readonly errorCode: EntryErrorCode
  /** Absent for every shard. */
  readonly shardId: string | undefined
  readonly entries: (entry: Api.PutRecordsEntry, index: number) => boolean
}

/** How PutRecords deals with its entries. */
export interface Handling {
  /** Draws the order in which they are stored; without it they are stored as they come. */
  readonly draw: Draw | undefined
  readonly fault: EntryFault | undefined
}

const failed = (account: Account, stream: Stream, shard: Shard, code: EntryErrorCode): Api.PutRecordsResultEntry => ({
  errorCode: code,
  errorMessage: code === "InternalFailure"
    ? "Internal service failure."
    : rateExceeded(resourceOf(account, stream, shard.id)).description
})

const isFaulty = (fault: EntryFault, shard: Shard, entry: Api.PutRecordsEntry, index: number): boolean =>
  (fault.shardId === undefined || fault.shardId === shard.id) && fault.entries(entry, index)

/** Stores the entries in a drawn order; the answers have that of the request. */
const putInOrder = <Entry, Answer>(
  entries: ReadonlyArray<Entry>,
  put: (entry: Entry, index: number) => Answer,
  draw: Draw
): ReadonlyArray<Answer> =>
  shuffle(Array.from(entries.entries()), draw)
    .map(([index, entry]) => [index, put(entry, index)] as const)
    .sort(([one], [other]) => one - other)
    .map(([, answer]) => answer)

/** Each entry succeeds or fails by itself. The answer has the order of the request, whatever the order in which they were stored. */
export const putRecords = (
  account: Account,
  request: Api.PutRecordsRequest,
  now: number,
  { draw, fault }: Handling = { draw: undefined, fault: undefined }
): Api.PutRecordsResponse | Refusal => {
  const stream = acceptRecords(account, request, now)
  if (isRefusal(stream)) return stream
  const put = (entry: Api.PutRecordsEntry, index: number): Api.PutRecordsResultEntry => {
    const shard = takeShard(stream, entry)
    if (fault !== undefined && isFaulty(fault, shard, entry, index)) {
      return failed(account, stream, shard, fault.errorCode)
    }
    const written = write(account, stream, shard, entry, now)
    return isRefusal(written) ? failed(account, stream, shard, "ProvisionedThroughputExceededException") : written
  }
  const records = draw === undefined ? request.records.map(put) : putInOrder(request.records, put, draw)
  return { failedRecordCount: records.filter(({ errorCode }) => errorCode !== undefined).length, records }
}
