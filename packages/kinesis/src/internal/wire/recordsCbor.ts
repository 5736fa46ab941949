import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import { DecodedRecords, emptyPage, PageDecoder, type Place } from "./pageDecoder.js"
import { byteAt, type Cursor, type Decoding, type Pieces, short, skip, text, unexpected, utf8 } from "./pieces.js"
import { RecordMemory, type Sharing } from "./recordMemory.js"
import { toMillis } from "./timestamps.js"

/** The first byte of an item: its major type in the upper three bits, its argument, or that argument's size, in the lower five. */
const unsigned = 0x00
const byteString = 0x40
const textString = 0x60
const array = 0x80
const map = 0xa0
const epoch = 0xc1
const nothing = 0xf6
const float32 = 0xfa
const float64 = 0xfb
const stop = 0xff

const oneByte = 24
const twoBytes = 25
const fourBytes = 26
const eightBytes = 27
const indefinite = 31

/** A key as it is encoded. */
const key = (name: string): Uint8Array =>
  name.length < oneByte
    ? Uint8Array.of(textString + name.length, ...text(name))
    : Uint8Array.of(textString + oneByte, name.length, ...text(name))

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

/** Whether an array or map is over after this many elements: by its size, or by the stop code that is then read. */
const isOver = (cursor: Cursor, done: number, size: number): boolean => {
  if (size >= 0) return done === size
  if (byteAt(cursor, 0) !== stop) return false
  cursor.at++
  return true
}

const readKey = (cursor: Cursor): Uint8Array => {
  const first = byteAt(cursor, 1)
  const key = first === R ? records : first === N ? nextShardIterator : first === M ? millisBehindLatest : childShards
  skip(cursor, key)
  return key
}

/** A size of -1 means an array or map of indefinite length, which ends with a stop code. */
const readMapSize = (cursor: Cursor): number => {
  if (byteAt(cursor, 0) !== map + indefinite) return readArgument(cursor, map)
  cursor.at++
  return -1
}

/** Null is an empty array. */
const readArraySize = (cursor: Cursor): number => {
  const head = byteAt(cursor, 0)
  if (head !== array + indefinite && head !== nothing) return readArgument(cursor, array)
  cursor.at++
  return head === nothing ? 0 : -1
}

/** The argument of an item of this type: the number itself, or the length of what follows. */
const readArgument = (cursor: Cursor, type: number): number => {
  const { at, bytes } = cursor
  const head = byteAt(cursor, 0) - type
  if (head < 0 || head > eightBytes) throw unexpected
  if (head < oneByte) {
    cursor.at = at + 1
    return head
  }
  const size = 1 << (head - oneByte)
  if (at + 1 + size > bytes.length) throw short
  cursor.at = at + 1 + size
  switch (head) {
    case oneByte:
      return bytes[at + 1]!
    case twoBytes:
      return (bytes[at + 1]! << 8) | bytes[at + 2]!
    case fourBytes:
      return bytes.readUInt32BE(at + 1)
    default: {
      const high = bytes.readUInt32BE(at + 1)
      if (high > 0x1fffff) throw unexpected
      return high * 0x100000000 + bytes.readUInt32BE(at + 5)
    }
  }
}

const isNothing = (cursor: Cursor): boolean => {
  if (byteAt(cursor, 0) !== nothing) return false
  cursor.at++
  return true
}

const readNullableText = (cursor: Cursor): string | undefined => isNothing(cursor) ? undefined : readText(cursor)

const readNullableNumber = (cursor: Cursor): number | undefined => isNothing(cursor) ? undefined : readNumber(cursor)

const readText = (cursor: Cursor): string => {
  const length = readArgument(cursor, textString)
  const { at, bytes } = cursor
  const end = at + length
  if (end > bytes.length) throw short
  cursor.at = end
  return utf8(bytes, at, end)
}

const readBytes = (cursor: Cursor, memory: RecordMemory): Uint8Array => {
  const length = readArgument(cursor, byteString)
  const { at, bytes } = cursor
  const end = at + length
  if (end > bytes.length) throw short
  cursor.at = end
  return memory.fromPart(bytes, at, end)
}

const readNumber = (cursor: Cursor): number => {
  const { at, bytes } = cursor
  const head = byteAt(cursor, 0)
  if (head !== float32 && head !== float64) return readArgument(cursor, unsigned)
  const size = head === float64 ? 8 : 4
  if (at + 1 + size > bytes.length) throw short
  cursor.at = at + 1 + size
  return head === float64 ? bytes.readDoubleBE(at + 1) : bytes.readFloatBE(at + 1)
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
