import { crc32 } from "node:zlib"
import { partitionKey, payload, sequenceNumber } from "./pages.js"

/** The events that a subscription brings. */
export interface EventSize {
  readonly records: number
  readonly bytes: number
  /** One event alone, and what follows it. */
  readonly once: "silence" | "end" | undefined
}

/** The shard whose subscriptions bring them. */
export const shardOf = ({ bytes, once, records }: EventSize): string => `${records}x${bytes}x${once ?? ""}`

export const sizeOf = (shardId: string): EventSize => {
  const [records, bytes, once] = shardId.split("x") as [string, string, "silence" | "end" | ""]
  return { records: Number(records), bytes: Number(bytes), once: once === "" ? undefined : once }
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header with a text. */
const header = ([name, value]: readonly [string, string]): Buffer =>
  Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(7, 0, value.length), Buffer.from(value)])

/** A message of an event stream, its headers in AWS's order. */
const message = (type: string, payload: Buffer): Buffer => {
  const headers = Buffer.concat(
    ([
      [":event-type", type],
      [":content-type", "application/x-amz-json-1.1"],
      [":message-type", "event"]
    ] as const).map(header)
  )
  const lengths = Buffer.concat([uint32(headers.length + payload.length + 16), uint32(headers.length)])
  const start = Buffer.concat([lengths, uint32(crc32(lengths)), headers, payload])
  return Buffer.concat([start, uint32(crc32(start))])
}

export const accepted = message("initial-response", Buffer.from("{}"))

/** An event as AWS lays it out. */
export const eventOf = ({ bytes, records }: EventSize): Buffer =>
  message(
    "SubscribeToShardEvent",
    Buffer.from(JSON.stringify({
      ContinuationSequenceNumber: sequenceNumber(records),
      MillisBehindLatest: 0,
      Records: Array.from({ length: records }, (_, index) => ({
        ApproximateArrivalTimestamp: (1_763_942_400_123 + Math.floor(index / 50) * 50) / 1000,
        Data: payload(index, bytes).toString("base64"),
        PartitionKey: partitionKey(index),
        SequenceNumber: sequenceNumber(index)
      }))
    }))
  )
