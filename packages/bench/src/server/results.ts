import { encode } from "cbor-x"
import { sequenceNumber } from "./pages.js"

const shards = 8

/** What PutRecords answers to so many records, all of them written. */
const resultsOf = (records: number): object => ({
  FailedRecordCount: 0,
  Records: Array.from({ length: records }, (_, index) => ({
    SequenceNumber: sequenceNumber(index),
    ShardId: `shardId-${String(index % shards).padStart(12, "0")}`
  }))
})

/** The answer of PutRecords in JSON. */
export const putRecordsJson = (records: number): Buffer => Buffer.from(JSON.stringify(resultsOf(records)))

/** The same in CBOR. */
export const putRecordsCbor = (records: number): Buffer => encode(resultsOf(records))
