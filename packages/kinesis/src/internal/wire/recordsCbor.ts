import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import {
  byteString,
  epoch,
  isNothing,
  isOver,
  key,
  readArgument,
  readArraySize,
  readMapSize,
  readNullableNumber,
  readNullableText,
  readNumber
} from "./cborItems.js"
import { DecodedRecords, emptyPage, PageDecoder, type Place } from "./pageDecoder.js"
import { byteAt, type Cursor, type Decoding, type Pieces, short, skip, text, unexpected } from "./pieces.js"
import { RecordMemory, type Sharing } from "./recordMemory.js"
import { toMillis } from "./timestamps.js"

const records = key("Records")
const nextShardIterator = key("NextShardIterator")
const millisBehindLatest = key("MillisBehindLatest")
const childShards = key("ChildShards")
const data = key("Data")
const partitionKey = key("PartitionKey")
const sequenceNumber = key("SequenceNumber")
const approximateArrivalTimestamp = key("ApproximateArrivalTimestamp")
const encryptionType = key("EncryptionType")
const [D, E, M, N, P, R, S] = text("DEMNPRS")

/**
 * GetRecords' answer in CBOR, made into records in one pass over its bytes; the records' data are views of them. It must be laid out as AWS
 * does it, with known fields only: anything else is left to a decoder of full CBOR.
 */
export const decoder = (sharing: Sharing, place: Place): PageDecoder =>
  new PageDecoder((pieces) => readAnswer(pieces, place, new RecordMemory(sharing)))

function* readAnswer(pieces: Pieces, place: Place, memory: RecordMemory): Decoding<GetRecordsResponse> {
  const readRecord = (cursor: Cursor) => readRecordOf(cursor, place, memory)
  const answer = emptyPage()
  let hasRecords = false
  const fields = yield* pieces.read(readMapSize)
  for (let field = 0; !(yield* pieces.read((cursor) => isOver(cursor, field, fields))); field++) {
    switch (yield* pieces.read(readKey)) {
      case records:
        hasRecords = true
        answer.records = yield* readRecords(pieces, readRecord)
        break
      case nextShardIterator:
        answer.nextShardIterator = (yield* pieces.read(readNullableText)) || undefined
        break
      case millisBehindLatest:
        answer.millisBehindLatest = yield* pieces.read(readNullableNumber)
        break
      default: {
        const size = yield* pieces.read(readArraySize)
        if (!(yield* pieces.read((cursor) => isOver(cursor, 0, size)))) throw unexpected
      }
    }
  }
  yield* pieces.readEnd()
  if (!hasRecords) throw unexpected
  return answer
}

function* readRecords(
  pieces: Pieces,
  readRecord: (cursor: Cursor) => KinesisRecord
): Decoding<ReadonlyArray<KinesisRecord>> {
  const records = new DecodedRecords()
  if (yield* pieces.read(isNothing)) throw unexpected
  const size = yield* pieces.read(readArraySize)
  yield* pieces.readWhile((cursor) => {
    if (isOver(cursor, records.all.length, size)) return false
    records.add(readRecord(cursor))
    return true
  })
  return records.complete()
}

const readKey = (cursor: Cursor): Uint8Array => {
  const first = byteAt(cursor, 1)
  const key = first === R ? records : first === N ? nextShardIterator : first === M ? millisBehindLatest : childShards
  skip(cursor, key)
  return key
}

const readBytes = (cursor: Cursor, memory: RecordMemory): Uint8Array => {
  const length = readArgument(cursor, byteString)
  const { at, bytes } = cursor
  const end = at + length
  if (end > bytes.length) throw short
  cursor.at = end
  return memory.fromPart(bytes, at, end)
}

const readDate = (cursor: Cursor, memory: RecordMemory): Date => {
  if (byteAt(cursor, 0) === epoch) cursor.at++
  const millis = toMillis(readNumber(cursor))
  if (millis === undefined) throw unexpected
  return memory.dateOf(millis)
}

const readRecordOf = (cursor: Cursor, { shardId, stream }: Place, memory: RecordMemory): KinesisRecord => {
  let number: string | undefined
  let key: string | undefined
  let bytes: Uint8Array | undefined
  let arrival: Date | undefined
  const fields = readMapSize(cursor)
  for (let field = 0; !isOver(cursor, field, fields); field++) {
    switch (byteAt(cursor, 1)) {
      case D:
        skip(cursor, data)
        bytes = isNothing(cursor) ? bytes : readBytes(cursor, memory)
        break
      case P:
        skip(cursor, partitionKey)
        key = readNullableText(cursor) ?? key
        break
      case S:
        skip(cursor, sequenceNumber)
        number = readNullableText(cursor) ?? number
        break
      case E:
        skip(cursor, encryptionType)
        readNullableText(cursor)
        break
      default:
        skip(cursor, approximateArrivalTimestamp)
        arrival = isNothing(cursor) ? arrival : readDate(cursor, memory)
    }
  }
  if (number === undefined || number === "" || bytes === undefined) throw unexpected
  return {
    stream,
    shardId,
    sequenceNumber: number,
    partitionKey: key,
    data: bytes,
    approximateArrivalTimestamp: arrival
  }
}
