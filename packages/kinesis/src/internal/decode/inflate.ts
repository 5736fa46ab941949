import * as Zlib from "node:zlib"

/** Bytes, or why there are none. */
export type Inflated = Uint8Array | { readonly problem: string; readonly cause: unknown }

export type Compression = "gzip" | "zlib" | "deflate" | "zstd"

const startsWith = (data: Uint8Array, ...magic: ReadonlyArray<number>): boolean =>
  magic.every((byte, i) => data[i] === byte)

/** Deflate with a window of up to 32 KiB, as all writers have it, and two bytes that a check holds together. */
const isZlib = (data: Uint8Array): boolean =>
  data[0] === 0x78 && data.length > 1 && (data[0] * 256 + data[1]!) % 31 === 0

/** What the first bytes tell: deflate without a frame has none that would. */
export const compressionOf = (data: Uint8Array): Exclude<Compression, "deflate"> | undefined =>
  startsWith(data, 0x1f, 0x8b)
    ? "gzip"
    : startsWith(data, 0x28, 0xb5, 0x2f, 0xfd)
    ? "zstd"
    : isZlib(data)
    ? "zlib"
    : undefined

interface ZstdInNode22 {
  readonly zstdDecompressSync?: (data: Uint8Array, options: Zlib.ZlibOptions) => Uint8Array
}

/** What Node gives with the option `info`. */
interface Consumed {
  readonly buffer: Uint8Array
  readonly engine: { readonly bytesWritten: number }
}

type Inflate = (data: Uint8Array, options: Zlib.ZlibOptions) => unknown

const consuming = (inflate: Inflate, data: Uint8Array, maxBytes: number): Consumed =>
  inflate(data, { maxOutputLength: maxBytes, info: true }) as Consumed

const tooLarge = (cause: unknown): boolean =>
  (cause as { readonly code?: unknown } | null)?.code === "ERR_BUFFER_TOO_LARGE"

const behind = (compression: Compression, bytes: number, cause?: unknown): Inflated => ({
  problem: `${bytes} ${bytes === 1 ? "byte" : "bytes"} behind the ${compression} data`,
  cause
})

const hasExtra = 4
const hasName = 8
const hasComment = 16
const hasHeaderCheck = 2

/** Where the data of a gzip member begins, as RFC 1952 has it. */
const endOfHeader = (data: Uint8Array): number => {
  const flags = data[3]!
  let at = 10
  if (flags & hasExtra) at += 2 + data[at]! + data[at + 1]! * 256
  for (const flag of [hasName, hasComment]) if (flags & flag) at = data.indexOf(0, at) + 1
  return at + (flags & hasHeaderCheck ? 2 : 0)
}

/** The end of the first gzip member, which Node refuses with what stands behind it; 0 when it is none itself. */
const endOfMember = (data: Uint8Array, maxBytes: number): number => {
  try {
    const start = endOfHeader(data)
    const end = start + consuming(Zlib.inflateRawSync, data.subarray(start), maxBytes).engine.bytesWritten + 8
    Zlib.gunzipSync(data.subarray(0, end), { maxOutputLength: maxBytes })
    return end
  } catch {
    return 0
  }
}

const inflaters: Record<Exclude<Compression, "zstd">, Inflate> = {
  gzip: Zlib.gunzipSync,
  zlib: Zlib.inflateSync,
  deflate: Zlib.inflateRawSync
}

const refusal = (compression: Compression, data: Uint8Array, maxBytes: number, cause: unknown): Inflated => {
  if (tooLarge(cause)) return { problem: `more than ${maxBytes} bytes when inflated`, cause }
  const end = compression === "gzip" ? endOfMember(data, maxBytes) : 0
  return end === 0 ? { problem: `not ${compression}`, cause } : behind(compression, data.length - end, cause)
}

/** Inflates, unless the result would have more than `maxBytes`, or bytes follow that are no part of it. */
export const inflate = (compression: Compression, data: Uint8Array, maxBytes: number): Inflated => {
  const { zstdDecompressSync } = Zlib as ZstdInNode22
  try {
    if (compression === "zstd") {
      return zstdDecompressSync === undefined
        ? { problem: "zstd needs Node 22.15 or later", cause: undefined }
        : zstdDecompressSync(data, { maxOutputLength: maxBytes })
    }
    const { buffer, engine } = consuming(inflaters[compression], data, maxBytes)
    const left = data.length - engine.bytesWritten
    return left === 0 ? buffer : behind(compression, left)
  } catch (cause) {
    return refusal(compression, data, maxBytes, cause)
  }
}
