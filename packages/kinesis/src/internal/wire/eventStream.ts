import { crc32 } from "node:zlib"
import { latin1, utf8 } from "./bufferMethods.js"
import { crc32OfFew } from "./crc32OfFew.js"

/**
 * Reads messages of `application/vnd.amazon.eventstream` from bytes that come in pieces. A part of a message that lies within one piece is
 * read where it lies; one that does not is copied together, into memory of its size. Both checksums are compared, that of the prelude before
 * its lengths are believed.
 */
export interface State {
  readonly pieces: Array<Buffer>
  /** The place in the first piece. */
  at: number
  /** The part that lies across pieces, as far as it has come. */
  part: Buffer | undefined
  filled: number
  /** Where the part that was taken last lies. */
  bytes: Buffer
  from: number
  stage: "prelude" | "headers" | "payload"
  headersBytes: number
  payloadBytes: number
  /** Of the prelude. */
  checksum: number
  /** Where the headers lie, until what follows them has come. */
  headersIn: Buffer
  headersAt: number
  /** Of the last message: most have the same. */
  headers: Buffer
  kind: Kind
  /** Whether a message has begun: until then it may be anything else that comes. */
  hasBegun: boolean
  /** Messages of a kind that is not known. */
  skipped: number
}

/** What a message is, by its headers. */
export type Kind =
  | { readonly _tag: "Event" }
  /** The answer to the call, which says nothing. */
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Unknown" }
  /** An exception of the service's model, whose payload has its message. */
  | { readonly _tag: "Exception"; readonly name: string }
  /** An error that is not in the model. */
  | { readonly _tag: "Error"; readonly name: string; readonly message: string }

/** What was read. */
export type Step =
  /** An event begins, of so many bytes with all that is around it. */
  | { readonly _tag: "Announced"; readonly bytes: number }
  /** The event that was announced has come whole. The payload is valid until the next step. */
  | { readonly _tag: "Event"; readonly payload: Buffer }
  /** The service ends the stream with an error. */
  | { readonly _tag: "Refused"; readonly error: Error }
  /** The bytes are not what was sent. Nothing that follows them can be read. */
  | { readonly _tag: "Broken"; readonly reason: string }

const preludeBytes = 12
const trailerBytes = 4

/** A record may have 10 MiB, which are 14 of base64. */
export const mostBytes = 24 * 1024 * 1024
export const mostHeaderBytes = 128 * 1024

const unknown: Kind = { _tag: "Unknown" }

const nothing = Buffer.alloc(0)

export const make = (): State => ({
  pieces: [],
  at: 0,
  part: undefined,
  filled: 0,
  bytes: nothing,
  from: 0,
  stage: "prelude",
  headersBytes: 0,
  payloadBytes: 0,
  checksum: 0,
  headersIn: nothing,
  headersAt: 0,
  headers: nothing,
  kind: unknown,
  hasBegun: false,
  skipped: 0
})

/** Further bytes have come. */
export const push = ({ pieces }: State, piece: Buffer): void => {
  if (piece.length > 0) pieces.push(piece)
}

/** Whether what has come ends with a whole message. */
export const isWhole = ({ part, pieces, stage }: State): boolean =>
  stage === "prelude" && part === undefined && pieces.length === 0

/** What comes next; undefined until more bytes have come. An event is announced first, and read when this is called again. */
export const next = (self: State): Step | undefined => {
  for (;;) {
    const step = read(self)
    if (step !== "passed") return step
  }
}

/** A message of which nothing is to be told has passed. */
type Passed = "passed"

const read = (self: State): Step | Passed | undefined => {
  switch (self.stage) {
    case "prelude":
      return take(self, preludeBytes) ? readPrelude(self) : undefined
    case "headers":
      return take(self, self.headersBytes) ? readHeaders(self) : undefined
    case "payload":
      return take(self, self.payloadBytes + trailerBytes) ? readPayload(self) : undefined
  }
}

/** Whether the next bytes, so many, have all come. Then they lie in one piece, and count as read. */
const take = (self: State, length: number): boolean => {
  const [first] = self.pieces
  if (first === undefined) return length === 0
  if (self.part === undefined && first.length - self.at >= length) {
    self.bytes = first
    self.from = self.at
    pass(self, first, length)
    return true
  }
  const part = self.part ??= Buffer.allocUnsafe(length)
  for (let [piece] = self.pieces; piece !== undefined && self.filled < length; [piece] = self.pieces) {
    const copied = piece.copy(part, self.filled, self.at)
    self.filled += copied
    pass(self, piece, copied)
  }
  if (self.filled < length) return false
  self.bytes = part
  self.from = 0
  self.part = undefined
  self.filled = 0
  return true
}

const pass = (self: State, first: Buffer, length: number): void => {
  self.at += length
  if (self.at < first.length) return
  self.pieces.shift()
  self.at = 0
}

const broken = (reason: string): Step => ({ _tag: "Broken", reason })

const readPrelude = (self: State): Step | Passed => {
  const { bytes: prelude, from } = self
  const bytes = prelude.readUInt32BE(from)
  const headersBytes = prelude.readUInt32BE(from + 4)
  const checksum = crc32OfFew(prelude, from, from + 8)
  if (checksum !== prelude.readUInt32BE(from + 8)) return broken("the checksum of a prelude is wrong")
  const payloadBytes = bytes - headersBytes - preludeBytes - trailerBytes
  if (payloadBytes < 0 || bytes > mostBytes || headersBytes > mostHeaderBytes) {
    return broken(`a message cannot have ${bytes} bytes, ${headersBytes} of them headers`)
  }
  self.hasBegun = true
  self.checksum = crc32OfFew(prelude, from + 8, from + preludeBytes, checksum)
  self.headersBytes = headersBytes
  self.payloadBytes = payloadBytes
  self.stage = "headers"
  return "passed"
}

const readHeaders = (self: State): Step | Passed => {
  const { bytes, from, headers, headersBytes } = self
  const end = from + headersBytes
  self.stage = "payload"
  self.headersIn = bytes
  self.headersAt = from
  if (bytes.compare(headers, 0, headers.length, from, end) !== 0) {
    self.headers = Buffer.from(bytes.subarray(from, end))
    self.kind = kindOf(textsOf(self.headers))
  }
  return self.kind._tag === "Event"
    ? { _tag: "Announced", bytes: preludeBytes + headersBytes + self.payloadBytes + trailerBytes }
    : "passed"
}

/** The checksum of a message, in one call where its headers and its payload lie side by side. */
const checksumOf = ({ bytes, checksum, from, headersAt, headersBytes, headersIn, payloadBytes }: State): number => {
  const headersEnd = headersAt + headersBytes
  const end = from + payloadBytes
  if (headersIn === bytes && headersEnd === from) return crc32(bytes.subarray(headersAt, end), checksum)
  return crc32(bytes.subarray(from, end), crc32(headersIn.subarray(headersAt, headersEnd), checksum))
}

const readPayload = (self: State): Step | Passed => {
  const { bytes, from, kind, payloadBytes } = self
  if (checksumOf(self) !== bytes.readUInt32BE(from + payloadBytes)) return broken("the checksum of a message is wrong")
  const payload = bytes.subarray(from, from + payloadBytes)
  self.stage = "prelude"
  self.bytes = nothing
  self.headersIn = nothing
  switch (kind._tag) {
    case "Event":
      return { _tag: "Event", payload }
    case "Accepted":
      return "passed"
    case "Unknown":
      self.skipped++
      return "passed"
    case "Exception":
      return refused(kind.name, messageIn(payload) ?? kind.name)
    case "Error":
      return refused(kind.name, kind.message)
  }
}

const refused = (name: string, message: string): Step => ({
  _tag: "Refused",
  error: Object.assign(new Error(message), { name })
})

/** The message of an exception, in JSON. */
const messageIn = (payload: Buffer): string | undefined => {
  try {
    const { Message, message = Message } = JSON.parse(payload.toString())
    return typeof message === "string" ? message : undefined
  } catch {
    return undefined
  }
}

const kindOf = (texts: ReadonlyMap<string, string>): Kind => {
  switch (texts.get(":message-type")) {
    case "event":
      return kindOfEvent(texts.get(":event-type"))
    case "exception":
      return { _tag: "Exception", name: texts.get(":exception-type") ?? "" }
    case "error": {
      const name = texts.get(":error-code") ?? ""
      return { _tag: "Error", name, message: texts.get(":error-message") ?? name }
    }
    default:
      return unknown
  }
}

const kindOfEvent = (type: string | undefined): Kind =>
  type === "SubscribeToShardEvent" ? { _tag: "Event" } : type === "initial-response" ? { _tag: "Accepted" } : unknown

const text = 7

/** By the type of a header, how many bytes its value has; of the others it says so itself. */
const sizes: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }
const lastType = 9

/** The headers that are texts. What follows one of a type that is not known cannot be read. */
const textsOf = (headers: Buffer): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  const { length } = headers
  for (let at = 0; at < length;) {
    const nameEnd = at + 1 + headers[at]!
    const type = headers[nameEnd]
    if (type === undefined || type > lastType) return texts
    const fixed = sizes[type]
    const start = nameEnd + (fixed === undefined ? 3 : 1)
    if (start > length) return texts
    const end = start + (fixed ?? headers.readUInt16BE(nameEnd + 1))
    if (end > length) return texts
    if (type === text) texts.set(latin1(headers, at + 1, nameEnd), utf8(headers, start, end))
    at = end
  }
  return texts
}
