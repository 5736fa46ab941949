import type * as Api from "../../KinesisApi.js"
import { utf8 } from "./bufferMethods.js"

/** What is read of an answer that may be anything. */
type Members = Readonly<Record<string, unknown>>

/**
 * The results in an answer of PutRecords in JSON. Undefined for one that names an error or is not laid out as AWS does it: that is left to
 * the SDK. To scan the bytes takes longer than the engine's own parser, which writes no less.
 */
export const ofPutRecords = (body: Buffer): ReadonlyArray<Api.PutRecordsResultEntry> | undefined => {
  const records = parse(body)?.["Records"]
  if (!Array.isArray(records)) return undefined
  const results: Array<Api.PutRecordsResultEntry> = []
  for (const record of records) {
    const result = resultOf(record)
    if (result === undefined) return undefined
    results.push(result)
  }
  return results
}

/** The result in an answer of PutRecord. */
export const ofPutRecord = (body: Buffer): Api.PutRecordResponse | undefined => {
  const answer = parse(body)
  return answer === undefined ? undefined : written(answer)
}

/** An object without a type, which an error has. */
const parse = (body: Buffer): Members | undefined => {
  try {
    const answer: unknown = JSON.parse(utf8(body, 0, body.length))
    return typeof answer === "object" && answer !== null && !("__type" in answer) ? answer as Members : undefined
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const isAbsent = (value: unknown): boolean => value === undefined || value === null

const resultOf = (record: unknown): Api.PutRecordsResultEntry | undefined => {
  if (typeof record !== "object" || record === null) return undefined
  const members = record as Members
  const { ErrorCode: errorCode, ErrorMessage: errorMessage } = members
  if (isAbsent(errorCode)) return written(members)
  if (!isText(errorCode)) return undefined
  if (isAbsent(errorMessage)) return { errorCode, errorMessage: "" }
  return typeof errorMessage === "string" ? { errorCode, errorMessage } : undefined
}

const written = ({ SequenceNumber: sequenceNumber, ShardId: shardId }: Members): Api.PutRecordResponse | undefined =>
  isText(shardId) && isText(sequenceNumber) ? { shardId, sequenceNumber } : undefined
