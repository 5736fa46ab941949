/** Node's own, which `toString` and `write` look up by the encoding's name each time; they take any bytes, not those of a Buffer alone. */
interface Methods {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string
  readonly base64Slice: (this: Uint8Array, start: number, end: number) => string
  readonly latin1Write: (this: Uint8Array, text: string, at: number) => number
  readonly utf8Write: (this: Uint8Array, text: string, at: number) => number
}

const methods = Buffer.prototype as unknown as Methods

export const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  methods.latin1Slice.call(bytes, start, end)

export const utf8 = (bytes: Uint8Array, start: number, end: number): string => methods.utf8Slice.call(bytes, start, end)

export const base64 = (bytes: Uint8Array): string => methods.base64Slice.call(bytes, 0, bytes.length)

/** Writes ASCII at this place; returns the place after it. */
export const writeAscii = (out: Uint8Array, at: number, text: string): number =>
  at + methods.latin1Write.call(out, text, at)

/** Writes a text in UTF-8 at this place; returns the place after it. */
export const writeUtf8 = (out: Uint8Array, at: number, text: string): number =>
  at + methods.utf8Write.call(out, text, at)
