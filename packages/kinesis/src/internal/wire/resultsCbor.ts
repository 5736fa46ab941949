import type * as Api from "../../KinesisApi.js"
import {
  isNothing,
  isOver,
  key,
  readArraySize,
  readMapSize,
  readNullableNumber,
  readNullableText
} from "./cborItems.js"
import { byteAt, type Cursor, short, skip, text, unexpected } from "./pieces.js"

const records = key("Records")
const failedRecordCount = key("FailedRecordCount")
const encryptionType = key("EncryptionType")
const sequenceNumber = key("SequenceNumber")
const shardId = key("ShardId")
const errorCode = key("ErrorCode")
const errorMessage = key("ErrorMessage")
const [R, F, S] = text("RFS")

/**
 * The results in an answer of PutRecords in CBOR. Undefined for one that is not laid out as AWS does it, with known fields only: that is
 * left to the SDK.
 */
export const ofPutRecords = (body: Buffer): ReadonlyArray<Api.PutRecordsResultEntry> | undefined =>
  attempt(body, readAnswer)

/** The result in an answer of PutRecord. */
export const ofPutRecord = (body: Buffer): Api.PutRecordResponse | undefined => {
  const result = attempt(body, readResult)
  return result?.errorCode === undefined ? result : undefined
}

const attempt = <A>(bytes: Buffer, read: (cursor: Cursor) => A): A | undefined => {
  const cursor: Cursor = { bytes, at: 0 }
  try {
    const value = read(cursor)
    return cursor.at === bytes.length ? value : undefined
  } catch (reason) {
    if (reason !== short && reason !== unexpected) throw reason
    return undefined
  }
}

const readAnswer = (cursor: Cursor): ReadonlyArray<Api.PutRecordsResultEntry> => {
  let results: ReadonlyArray<Api.PutRecordsResultEntry> | undefined
  const fields = readMapSize(cursor)
  for (let field = 0; !isOver(cursor, field, fields); field++) {
    switch (byteAt(cursor, 1)) {
      case R:
        skip(cursor, records)
        results = readResults(cursor)
        break
      case F:
        skip(cursor, failedRecordCount)
        readNullableNumber(cursor)
        break
      default:
        skip(cursor, encryptionType)
        readNullableText(cursor)
    }
  }
  if (results === undefined) throw unexpected
  return results
}

const readResults = (cursor: Cursor): ReadonlyArray<Api.PutRecordsResultEntry> => {
  if (isNothing(cursor)) throw unexpected
  const results: Array<Api.PutRecordsResultEntry> = []
  const size = readArraySize(cursor)
  while (!isOver(cursor, results.length, size)) results.push(readResult(cursor))
  return results
}

/** The heads of the keys, which tell most of them apart. */
const [headOfShardId, headOfErrorCode, headOfErrorMessage] = [shardId, errorCode, errorMessage].map(([head]) => head)

const readResult = (cursor: Cursor): Api.PutRecordsResultEntry => {
  let number: string | undefined
  let shard: string | undefined
  let code: string | undefined
  let message: string | undefined
  const fields = readMapSize(cursor)
  for (let field = 0; !isOver(cursor, field, fields); field++) {
    switch (byteAt(cursor, 0)) {
      case headOfShardId:
        skip(cursor, shardId)
        shard = readNullableText(cursor) ?? shard
        break
      case headOfErrorCode:
        skip(cursor, errorCode)
        code = readNullableText(cursor) ?? code
        break
      case headOfErrorMessage:
        skip(cursor, errorMessage)
        message = readNullableText(cursor) ?? message
        break
      default:
        if (byteAt(cursor, 1) === S) {
          skip(cursor, sequenceNumber)
          number = readNullableText(cursor) ?? number
        } else {
          skip(cursor, encryptionType)
          readNullableText(cursor)
        }
    }
  }
  if (code === undefined && isText(shard) && isText(number)) return { shardId: shard, sequenceNumber: number }
  if (!isText(code)) throw unexpected
  return { errorCode: code, errorMessage: message ?? "" }
}

const isText = (value: string | undefined): value is string => value !== undefined && value !== ""
