import { encode } from "cbor-x"
import { sequenceNumber } from "./pages.js"

/** What PutRecords answers to so many records, all of them written, in turn to so many shards. */
const resultsOf = (records: number, shards: number): object => ({
  FailedRecordCount: 0,
  Records: Array.from({ length: records }, (_, index) => ({
    SequenceNumber: sequenceNumber(index),
    ShardId: `shardId-${String(index % shards).padStart(12, "0")}`
  }))
})

/** The answer of PutRecords in JSON. */
export const putRecordsJson = (records: number, shards: number): Buffer =>
  Buffer.from(JSON.stringify(resultsOf(records, shards)))

/** The same in CBOR. */
export const putRecordsCbor = (records: number, shards: number): Buffer => encode(resultsOf(records, shards))

const entryMark = Buffer.from("PartitionKey")

/** How many records a request has. */
export const entriesOf = (request: Buffer): number => {
  let entries = 0
  for (let at = request.indexOf(entryMark); at >= 0; at = request.indexOf(entryMark, at + entryMark.length)) entries++
  return entries
}
