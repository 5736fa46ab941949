const polynomial = 0xedb88320

const ofByte = (byte: number): number => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ polynomial
  return rest
}

const table = Int32Array.from({ length: 256 }, (_, byte) => ofByte(byte))

/** CRC-32 of a dozen bytes, going on from the one of what is before them. A call of `zlib` takes longer than so few do. */
export const crc32OfFew = (bytes: Uint8Array, from: number, to: number, before = 0): number => {
  let rest = ~before
  for (let at = from; at < to; at++) rest = table[(rest ^ bytes[at]!) & 0xff]! ^ (rest >>> 8)
  return ~rest >>> 0
}
