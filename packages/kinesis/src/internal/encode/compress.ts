import * as Zlib from "node:zlib"

export type Compression = "gzip" | "zstd"

interface ZstdInNode22 {
  readonly zstdCompressSync?: (
    data: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>> }
  ) => Uint8Array
}

/** The number of the level among zstd's parameters, which Node before 22.15 does not name. */
const zstdLevel = 100

export const levels: Readonly<
  Record<Compression, { readonly least: number; readonly most: number; readonly usual: number }>
> = {
  gzip: { least: 0, most: 9, usual: 6 },
  zstd: { least: 1, most: 22, usual: 3 }
}

/** Why this Node cannot compress so. */
export const faultOf = (compression: Compression): string | undefined =>
  compression === "gzip" || (Zlib as ZstdInNode22).zstdCompressSync !== undefined
    ? undefined
    : `needs Node 22.15 or later, this is ${process.version}; use gzip`

export const compress = (compression: Compression, data: Uint8Array, level: number): Uint8Array =>
  compression === "gzip"
    ? Zlib.gzipSync(data, { level })
    : (Zlib as ZstdInNode22).zstdCompressSync!(data, { params: { [zstdLevel]: level } })
