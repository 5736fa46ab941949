import { base64, writeAscii } from "./bufferMethods.js"
import type { Output } from "./output.js"

/** From here on, in bytes, Node's own encoder is faster, although its text has to be written then. */
const nativeFrom = 128

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const padding = 0x3d

/** Twelve bits as two characters. */
const pairs = Uint16Array.from(
  { length: 64 * 64 },
  (_, bits) => (alphabet.charCodeAt(bits >> 6) << 8) | alphabet.charCodeAt(bits & 63)
)

/** How many characters the bytes take. */
export const sizeOf = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** Writes bytes in base64 at this place, and returns the place after them. */
export const write = ({ bytes, view }: Output, at: number, data: Uint8Array): number =>
  data.length < nativeFrom
    ? writeShort(view, at, data)
    : writeAscii(bytes, at, base64(data))

const writeShort = (view: DataView, start: number, data: Uint8Array): number => {
  const { length } = data
  const whole = length - length % 3
  let at = start
  for (let next = 0; next < whole; next += 3) {
    const bits = (data[next]! << 16) | (data[next + 1]! << 8) | data[next + 2]!
    view.setUint32(at, (pairs[bits >> 12]! << 16) | pairs[bits & 0xfff]!)
    at += 4
  }
  if (whole === length) return at
  const isPair = length - whole === 2
  const bits = (data[whole]! << 16) | (isPair ? data[whole + 1]! << 8 : 0)
  view.setUint32(at, (pairs[bits >> 12]! << 16) | pairs[bits & 0xfff]!)
  if (!isPair) view.setUint8(at + 2, padding)
  view.setUint8(at + 3, padding)
  return at + 4
}
