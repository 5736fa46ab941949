import { latin1 } from "../wire/bufferMethods.js"

/** Where in the bytes of a record a reader stands. Places are those in the ArrayBuffer that the bytes lie in. */
export interface Cursor {
  buffer: ArrayBufferLike
  /** All of the buffer. */
  bytes: Buffer
  view: DataView
  start: number
  at: number
  end: number
  /** The record's bytes, a character each; empty until they are asked for. */
  text: string
}

const nothing = new ArrayBuffer(0)

export const make = (): Cursor => ({
  buffer: nothing,
  bytes: Buffer.from(nothing),
  view: new DataView(nothing),
  start: 0,
  at: 0,
  end: 0,
  text: ""
})

/** What is kept of a buffer between two records: more would hold it for long. */
const mostKept = 64 * 1024

/** Moves to the beginning of a record. Neighbours share a buffer, which is looked at once. */
export const open = (self: Cursor, data: Uint8Array): void => {
  const { buffer, byteOffset, length } = data
  if (self.buffer !== buffer) {
    self.buffer = buffer
    self.bytes = Buffer.from(buffer as ArrayBuffer)
    self.view = new DataView(buffer)
  }
  self.start = byteOffset
  self.at = byteOffset
  self.end = byteOffset + length
}

/** Lets go of the record. */
export const close = (self: Cursor): void => {
  self.text = ""
  if (self.bytes.length > mostKept) open(self, new Uint8Array(nothing))
}

/** The characters from one place to before another. Only those that are ASCII are right. */
export const textAt = (self: Cursor, from: number, to: number): string => {
  if (self.text === "") self.text = latin1(self.bytes, self.start, self.end)
  return self.text.substring(from - self.start, to - self.start)
}
