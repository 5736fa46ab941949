import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import { latin1, utf8 } from "./bufferMethods.js"
import { type DecodedPage, DecodedRecords, emptyPage, PageDecoder, type Place } from "./pageDecoder.js"
import { byteAt, type Cursor, type Decoding, type Pieces, short, skip, text, unexpected } from "./pieces.js"
import { RecordMemory, type Sharing } from "./recordMemory.js"
import { toMillis } from "./timestamps.js"

const quote = 0x22
const plus = 0x2b
const comma = 0x2c
const minus = 0x2d
const point = 0x2e
const zero = 0x30
const nine = 0x39
const equals = 0x3d
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const highestAscii = 0x7f
const [A, D, E, M, P, R, S, e, n] = text("ADEMPRSen")

const nothing = text("null")
const records = text("\"Records\":")
const nextShardIterator = text("\"NextShardIterator\":")
const continuationSequenceNumber = text("\"ContinuationSequenceNumber\":")
const millisBehindLatest = text("\"MillisBehindLatest\":")
const childShards = text("\"ChildShards\":")
const data = text("\"Data\":\"")
const partitionKey = text("\"PartitionKey\":")
const sequenceNumber = text("\"SequenceNumber\":")
const approximateArrivalTimestamp = text("\"ApproximateArrivalTimestamp\":")
const encryptionType = text("\"EncryptionType\":")

/**
 * GetRecords' answer in JSON, made into records in one pass over its bytes. It must be laid out as AWS does it, without white space and
 * with known fields only: anything else is left to a decoder of full JSON.
 */
export const decoder = (sharing: Sharing, place: Place): PageDecoder =>
  new PageDecoder((pieces) => readAnswer(pieces, nextShardIterator, place, new RecordMemory(sharing)))

/**
 * An event of a subscription, which is laid out alike and has come whole. Its continuation stands where a page has its next iterator.
 * Undefined for one that is not laid out as AWS does it.
 */
export const readEvent = (bytes: Buffer, place: Place, memory: RecordMemory): GetRecordsResponse | undefined => {
  const cursor = { bytes, at: 0 }
  try {
    const event = readWhole(cursor, continuationSequenceNumber, place, memory)
    return cursor.at === bytes.length ? event : undefined
  } catch (reason) {
    if (reason !== short && reason !== unexpected) throw reason
    return undefined
  }
}

/** `next` is the key of what reading goes on from. */
const readWhole = (cursor: Cursor, next: Uint8Array, place: Place, memory: RecordMemory): GetRecordsResponse => {
  const answer = emptyPage()
  const decoded = new DecodedRecords()
  let hasRecords = false
  readOpenBrace(cursor)
  do {
    const key = readKey(cursor, next)
    if (key === records) {
      if (hasRecords) throw unexpected
      hasRecords = true
      if (readsStart(cursor)) { while (readElement(cursor, decoded, place, memory)); }
    } else readMember(cursor, key, next, answer)
  } while (afterMember(cursor) === comma)
  if (!hasRecords) throw unexpected
  answer.records = decoded.complete()
  return answer
}

function* readAnswer(
  pieces: Pieces,
  next: Uint8Array,
  place: Place,
  memory: RecordMemory
): Decoding<GetRecordsResponse> {
  const answer = emptyPage()
  const decoded = new DecodedRecords()
  let hasRecords = false
  yield* pieces.read(readOpenBrace)
  do {
    const key = yield* pieces.read((cursor) => readKey(cursor, next))
    if (key === records) {
      if (hasRecords) throw unexpected
      hasRecords = true
      if (yield* pieces.read(readsStart)) {
        yield* pieces.readWhile((cursor) => readElement(cursor, decoded, place, memory))
      }
    } else yield* pieces.read((cursor) => readMember(cursor, key, next, answer))
  } while ((yield* pieces.read(afterMember)) === comma)
  yield* pieces.readEnd()
  if (!hasRecords) throw unexpected
  answer.records = decoded.complete()
  return answer
}

/** What follows a key other than that of the records. */
const readMember = (cursor: Cursor, key: Uint8Array, next: Uint8Array, answer: DecodedPage): void => {
  if (key === next) answer.nextShardIterator = readNullableString(cursor) || undefined
  else if (key === millisBehindLatest) answer.millisBehindLatest = readNullableNumber(cursor)
  else if (!readsNoElement(cursor)) throw unexpected
}

/** The start of the records: whether there is one. */
const readsStart = (cursor: Cursor): boolean => {
  if (isNothing(cursor)) throw unexpected
  return !readsNoElement(cursor)
}

/** A record, and whether another one follows. */
const readElement = (cursor: Cursor, records: DecodedRecords, place: Place, memory: RecordMemory): boolean => {
  const record = readRecordOf(cursor, place, memory)
  const isLast = readSeparator(cursor, closeBracket) !== comma
  records.add(record)
  return !isLast
}

const readOpenBrace = (cursor: Cursor): void => {
  if (byteAt(cursor, 0) !== openBrace) throw unexpected
  cursor.at++
}

const readKey = (cursor: Cursor, next: Uint8Array): Uint8Array => {
  const first = byteAt(cursor, 1)
  const isNext = first === next[1] && byteAt(cursor, 2) === next[2]
  const key = first === R ? records : isNext ? next : first === M ? millisBehindLatest : childShards
  skip(cursor, key)
  return key
}

/** The comma before a further element, or the end of the object or array. */
const readSeparator = (cursor: Cursor, close: number): number => {
  const byte = byteAt(cursor, 0)
  if (byte !== comma && byte !== close) throw unexpected
  cursor.at++
  return byte
}

const afterMember = (cursor: Cursor): number => readSeparator(cursor, closeBrace)

/** Null or an empty array, which are read completely, or the start of any other array, of which only the start is read. */
const readsNoElement = (cursor: Cursor): boolean => {
  if (byteAt(cursor, 0) !== openBracket) {
    skip(cursor, nothing)
    return true
  }
  const isEmpty = byteAt(cursor, 1) === closeBracket
  cursor.at += isEmpty ? 2 : 1
  return isEmpty
}

const isNothing = (cursor: Cursor): boolean => byteAt(cursor, 0) === n && (skip(cursor, nothing), true)

const readNullableString = (cursor: Cursor): string | undefined => isNothing(cursor) ? undefined : readString(cursor)

const readNullableNumber = (cursor: Cursor): number | undefined => isNothing(cursor) ? undefined : readNumber(cursor)

const readString = (cursor: Cursor): string => {
  if (byteAt(cursor, 0) !== quote) throw unexpected
  const { bytes } = cursor
  const { length } = bytes
  const start = cursor.at + 1
  let isPlain = true
  for (let at = start; at < length; at++) {
    const byte = bytes[at]!
    if (byte === quote) {
      cursor.at = at + 1
      return isPlain ? latin1(bytes, start, at) : parse(utf8(bytes, start - 1, at + 1)) as string
    }
    if (byte < 0x20) throw unexpected
    if (byte === backslash) at++
    if (byte === backslash || byte > highestAscii) isPlain = false
  }
  throw short
}

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    throw unexpected
  }
}

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine

const isOfNumber = (byte: number): boolean =>
  isDigit(byte) || byte === point || byte === E || byte === e || byte === minus || byte === plus

/** Digits that a double holds exactly, whatever they are. */
const exactDigits = 15

/**
 * A number with few digits is computed exactly: from an integer and a power of ten that doubles represent, by one operation, which rounds
 * once, as parsing does.
 */
const readNumber = (cursor: Cursor): number => {
  const { at: start, bytes } = cursor
  const { length } = bytes
  let at = start
  let digits = 0
  let whole = 0
  let scale = 0
  for (let isFraction = false; at < length; at++) {
    const byte = bytes[at]!
    if (isDigit(byte)) {
      whole = whole * 10 + byte - zero
      digits++
      if (isFraction) scale--
    } else if (byte === point && !isFraction && digits > 0) isFraction = true
    else break
  }
  const startsPlain = digits > 0 && (bytes[start] !== zero || at === start + 1)
  if (at < length && bytes[at] === E && at + 1 < length && isDigit(bytes[at + 1]!)) {
    scale += bytes[++at]! - zero
    at++
  }
  if (at >= length) throw short
  const isSimple = startsPlain && digits <= exactDigits && isDigit(bytes[at - 1]!) && !isOfNumber(bytes[at]!)
  if (isSimple) {
    cursor.at = at
    return scale < 0 ? whole / 10 ** -scale : whole * 10 ** scale
  }
  while (isOfNumber(bytes[at]!)) if (++at >= length) throw short
  const value = parse(latin1(bytes, start, at))
  if (typeof value !== "number" || !Number.isFinite(value)) throw unexpected
  cursor.at = at
  return value
}

/** How many bytes base64 of this length and padding encodes, or -1 if no base64 has this length. */
const decodedLength = (bytes: Buffer, start: number, end: number): number => {
  const length = end - start
  if (length % 4 !== 0) return -1
  if (length === 0 || bytes[end - 1] !== equals) return (length / 4) * 3
  return (length / 4) * 3 - (bytes[end - 2] === equals ? 2 : 1)
}

/** Node's decoder accepts the URL-safe alphabet, too, and skips characters of neither alphabet, so that it returns fewer bytes. */
const isUrlSafe = (base64: string): boolean => base64.includes("-") || base64.includes("_")

const readData = (cursor: Cursor, memory: RecordMemory): Uint8Array => {
  skip(cursor, data)
  const { at: start, bytes } = cursor
  const end = bytes.indexOf(quote, start)
  if (end < 0) throw short
  const length = decodedLength(bytes, start, end)
  if (length < 0) throw unexpected
  const base64 = latin1(bytes, start, end)
  const decoded = memory.fromBase64(base64, length)
  if (decoded === undefined || isUrlSafe(base64)) throw unexpected
  cursor.at = end + 1
  return decoded
}

/** Seconds since the epoch, such as 1.700000000123E9; from emulators milliseconds. */
const readDate = (cursor: Cursor, memory: RecordMemory): Date => {
  const millis = toMillis(readNumber(cursor))
  if (millis === undefined) throw unexpected
  return memory.dateOf(millis)
}

const readRecordOf = (cursor: Cursor, { shardId, stream }: Place, memory: RecordMemory): KinesisRecord => {
  let number: string | undefined
  let key: string | undefined
  let bytes: Uint8Array | undefined
  let arrival: Date | undefined
  readOpenBrace(cursor)
  do {
    switch (byteAt(cursor, 1)) {
      case D:
        bytes = readData(cursor, memory)
        break
      case P:
        skip(cursor, partitionKey)
        key = readNullableString(cursor)
        break
      case S:
        skip(cursor, sequenceNumber)
        number = readNullableString(cursor)
        break
      case A:
        skip(cursor, approximateArrivalTimestamp)
        arrival = isNothing(cursor) ? undefined : readDate(cursor, memory)
        break
      default:
        skip(cursor, encryptionType)
        readNullableString(cursor)
    }
  } while (afterMember(cursor) === comma)
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
