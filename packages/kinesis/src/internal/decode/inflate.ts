import * as Zlib from "node:zlib"

/** Bytes, or why there are none. */
export type Inflated = Uint8Array | { readonly problem: string; readonly cause: unknown }

type Compression = "gzip" | "zstd"

const startsWith = (data: Uint8Array, ...magic: ReadonlyArray<number>): boolean =>
  magic.every((byte, i) => data[i] === byte)

export const compressionOf = (data: Uint8Array): Compression | undefined =>
  startsWith(data, 0x1f, 0x8b) ? "gzip" : startsWith(data, 0x28, 0xb5, 0x2f, 0xfd) ? "zstd" : undefined

interface ZstdInNode22 {
  readonly zstdDecompressSync?: (data: Uint8Array, options: Zlib.ZlibOptions) => Uint8Array
}

const tooLarge = (cause: unknown): boolean =>
  (cause as { readonly code?: unknown } | null)?.code === "ERR_BUFFER_TOO_LARGE"

/** Inflates, unless the result would have more than `maxBytes`. */
export const inflate = (compression: Compression, data: Uint8Array, maxBytes: number): Inflated => {
  const options: Zlib.ZlibOptions = { maxOutputLength: maxBytes }
  const { zstdDecompressSync } = Zlib as ZstdInNode22
  if (compression === "zstd" && zstdDecompressSync === undefined) {
    return { problem: "zstd needs Node 22.15 or later", cause: undefined }
  }
  try {
    return compression === "gzip" ? Zlib.gunzipSync(data, options) : zstdDecompressSync!(data, options)
  } catch (cause) {
    return {
      problem: tooLarge(cause) ? `more than ${maxBytes} bytes when inflated` : `not ${compression}`,
      cause
    }
  }
}
