/** A request's body that is being written. */
export interface Output {
  readonly bytes: Buffer
  readonly view: DataView
}

/** Gives at least this many bytes, which may hold anything. */
export type Allocate = (size: number) => Buffer

/** Exactly this many bytes to write to. */
export const make = (allocate: Allocate, size: number): Output => {
  const bytes = allocate(size).subarray(0, size)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) }
}

/** Writes bytes that are known beforehand, and returns the place after them. `Uint8Array.set` takes longer for so few. */
export const writeConstant = ({ bytes }: Output, at: number, constant: Uint8Array): number => {
  const { length } = constant
  for (let i = 0; i < length; i++) bytes[at + i] = constant[i]!
  return at + length
}

/** `Uint8Array.set` is faster from here on. */
const fewBytes = 32

export const writeBytes = (out: Output, at: number, data: Uint8Array): number => {
  if (data.length < fewBytes) return writeConstant(out, at, data)
  out.bytes.set(data, at)
  return at + data.length
}
