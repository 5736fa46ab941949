import { crc32 } from "node:zlib"

/** What a frame is about. */
export type Kind = "account" | "stream" | "gone" | "record"

const kinds: ReadonlyArray<Kind> = ["account", "stream", "gone", "record"]

/** One entry of a journal. */
export interface Frame {
  readonly kind: Kind
  readonly payload: Buffer
}

const headBytes = 9

/** A frame as bytes: the payload's length, a checksum of what follows, the kind and the payload. */
export const write = (kind: Kind, payload: Uint8Array): Buffer => {
  const bytes = Buffer.allocUnsafe(headBytes + payload.byteLength)
  bytes.writeUInt32LE(payload.byteLength, 0)
  bytes.writeUInt8(kinds.indexOf(kind), 8)
  bytes.set(payload, headBytes)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

/** What was read of a journal. */
export interface Reading {
  /** Of a frame that is not whole yet. */
  rest: Buffer
  /** How many bytes the whole frames have. */
  wholeBytes: number
  /** A frame was not what its checksum says: nothing after it counts. */
  isTorn: boolean
}

export const begin = (): Reading => ({ rest: Buffer.alloc(0), wholeBytes: 0, isTorn: false })

const frameAt = (bytes: Buffer, at: number): Frame | "short" | "torn" => {
  if (bytes.length - at < headBytes) return "short"
  const end = at + headBytes + bytes.readUInt32LE(at)
  if (bytes.length < end) return "short"
  const kind = kinds[bytes[at + 8]!]
  return kind === undefined || crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)
    ? "torn"
    : { kind, payload: bytes.subarray(at + headBytes, end) }
}

/** Reads on, and hands on each whole frame. */
export const read = (self: Reading, piece: Uint8Array, each: (frame: Frame) => void): void => {
  if (self.isTorn) return
  const bytes = self.rest.length === 0 ? Buffer.from(piece) : Buffer.concat([self.rest, piece])
  let at = 0
  for (;;) {
    const frame = frameAt(bytes, at)
    if (frame === "torn") self.isTorn = true
    if (frame === "torn" || frame === "short") break
    each(frame)
    at += headBytes + frame.payload.length
    self.wholeBytes += headBytes + frame.payload.length
  }
  self.rest = bytes.subarray(at)
}
