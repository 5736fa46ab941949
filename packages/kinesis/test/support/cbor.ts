/** An item of CBOR as bytes (RFC 8949), put together by hand to be as odd as a test wants. */
export type Item = Uint8Array

const join = (parts: ReadonlyArray<Uint8Array>): Item => Uint8Array.from(Buffer.concat(parts))

/** The head of an item of a major type, its argument in the shortest form or in so many bytes. */
export const head = (major: number, argument: number, size?: 0 | 1 | 2 | 4 | 8): Item => {
  const shortest = argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8
  const bytes = Math.max(size ?? 0, shortest)
  if (bytes === 0) return Uint8Array.of((major << 5) | argument)
  const item = Buffer.alloc(1 + bytes)
  item[0] = (major << 5) | (24 + Math.log2(bytes))
  if (bytes === 8) item.writeBigUInt64BE(BigInt(argument), 1)
  else item.writeUIntBE(argument, 1, bytes)
  return Uint8Array.from(item)
}

export const unsigned = (value: number, size?: 0 | 1 | 2 | 4 | 8): Item => head(0, value, size)
export const bytes = (value: Uint8Array): Item => join([head(2, value.length), value])
export const text = (value: string): Item => {
  const utf8 = Buffer.from(value)
  return join([head(3, utf8.length), utf8])
}
export const nothing: Item = Uint8Array.of(0xf6)
export const tagged = (tag: number, item: Item): Item => join([head(6, tag), item])

export const double = (value: number): Item => {
  const item = Buffer.alloc(9, 0xfb)
  item.writeDoubleBE(value, 1)
  return Uint8Array.from(item)
}

export const float = (value: number): Item => {
  const item = Buffer.alloc(5, 0xfa)
  item.writeFloatBE(value, 1)
  return Uint8Array.from(item)
}

const stop = Uint8Array.of(0xff)

/** Of a size that stands at its start, or ended by a stop. */
export const array = (items: ReadonlyArray<Item>, sized = true): Item =>
  sized ? join([head(4, items.length), ...items]) : join([Uint8Array.of(0x9f), ...items, stop])

export const map = (members: ReadonlyArray<readonly [string, Item]>, sized = true): Item => {
  const items = members.flatMap(([key, item]) => [text(key), item])
  return sized ? join([head(5, members.length), ...items]) : join([Uint8Array.of(0xbf), ...items, stop])
}
