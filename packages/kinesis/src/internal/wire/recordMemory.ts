/**
 * Where the bytes of records lie: `"shared"`, next to those of their neighbours, which is faster; or each record's in memory of its
 * `"own"`.
 */
export type Sharing = "shared" | "own"

/** The most memory of its neighbours that one record can keep alive. A socket's pieces are not larger: 16 KiB over TLS, otherwise 64. */
const mostShared = 64 * 1024

/** The size of the blocks that hold decoded bytes, unless a record would take a large part of one. */
const blockBytes = 16 * 1024
const largestInBlock = blockBytes / 8

/** Makes the contents of a page's records: their bytes, each in its place, and their instants. */
export class RecordMemory {
  readonly #isShared: boolean
  #block = Buffer.alloc(0)
  #used = 0
  #lastDate = new Date(0)

  constructor(sharing: Sharing) {
    this.#isShared = sharing === "shared"
  }

  /** The bytes of base64, which must have this length; undefined if they do not. */
  fromBase64(base64: string, length: number): Uint8Array | undefined {
    if (!this.#isShared || length > largestInBlock) {
      const bytes = Buffer.allocUnsafeSlow(length)
      return bytes.write(base64, 0, length, "base64") === length ? viewOf(bytes, 0, length) : undefined
    }
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(blockBytes)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return this.#block.write(base64, start, length, "base64") === length
      ? viewOf(this.#block, start, length)
      : undefined
  }

  /** Records of the same millisecond share its Date, which takes more memory than the rest of a small record. */
  dateOf(millis: number): Date {
    return this.#lastDate.getTime() === millis ? this.#lastDate : this.#lastDate = new Date(millis)
  }

  /** A part of the received bytes: a view, unless that would keep too many bytes around it alive. */
  fromPart(bytes: Buffer, start: number, end: number): Uint8Array {
    const view = viewOf(bytes, start, end - start)
    const whole = bytes.buffer.byteLength
    return this.#isShared && (whole <= mostShared || whole <= 2 * view.length) ? view : view.slice()
  }
}

const viewOf = (bytes: Buffer, start: number, length: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
