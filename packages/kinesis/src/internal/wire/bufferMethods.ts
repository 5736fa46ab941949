/** Node's own, which `toString` looks up by the encoding's name each time; they take any bytes, not those of a Buffer alone. */
interface Methods {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string
}

const methods = Buffer.prototype as unknown as Methods

export const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  methods.latin1Slice.call(bytes, start, end)

export const utf8 = (bytes: Uint8Array, start: number, end: number): string => methods.utf8Slice.call(bytes, start, end)
