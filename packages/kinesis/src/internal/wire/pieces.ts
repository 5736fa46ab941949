/** Thrown by the reader of an item that extends beyond the bytes at hand. */
export const short: unique symbol = Symbol("short")

/** Thrown by the reader of an item that is not laid out as it expects. */
export const unexpected: unique symbol = Symbol("unexpected")

/** The view of an item's reader: it reads `bytes` from `at`, and moves `at` past what it has read. */
export interface Cursor {
  readonly bytes: Buffer
  at: number
}

/** ASCII as bytes, to search for. */
export const text = (ascii: string): Uint8Array => Uint8Array.from(ascii, (character) => character.charCodeAt(0))

export const byteAt = ({ at, bytes }: Cursor, offset: number): number => {
  if (at + offset >= bytes.length) throw short
  return bytes[at + offset]!
}

/** Moves past text that must be here. */
export const skip = (cursor: Cursor, said: Uint8Array): void => {
  const { at, bytes } = cursor
  const { length } = said
  if (at + length > bytes.length) throw short
  for (let i = 0; i < length; i++) if (bytes[at + i] !== said[i]) throw unexpected
  cursor.at = at + length
}

/** The decoding of pieces that are still arriving: it yields whenever it needs another one. */
export type Decoding<A> = Generator<void, A, void>

/** By how much the bytes at hand are extended when an item extends beyond them; four times as much each further time. */
const firstExtension = 512

/**
 * Bytes that come in pieces, as from a socket, read item by item where they lie. Only the surroundings of an item that lies across pieces
 * are copied together.
 */
export class Pieces implements Cursor {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  readonly #pieces: Array<Buffer> = []
  /** The bytes at hand end in this piece, before this place in it. */
  #last = -1
  #lastEnd = 0
  /** How many bytes have arrived that are not at hand yet. */
  #ahead = 0
  #isJoint = false
  #isFinished = false

  push(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#ahead += piece.length
  }

  /** No further piece will arrive. */
  finish(): void {
    this.#isFinished = true
  }

  /** Everything that has arrived. */
  all(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  /** Reads an item, or throws {@link unexpected} if it is not valid or is cut off by the end of all bytes. */
  *read<A>(item: (cursor: Cursor) => A): Decoding<A> {
    while (this.#isAtPieceEnd() && this.#ahead === 0 && !this.#isFinished) yield
    if (this.#isAtPieceEnd() && this.#ahead > 0) this.#takeNext()
    for (let extension = firstExtension;; extension *= 4) {
      const start = this.at
      try {
        const value = item(this)
        if (this.#isJoint) this.#leaveJoint()
        return value
      } catch (reason) {
        if (reason !== short) throw reason
        this.at = start
      }
      while (this.#ahead < extension && !this.#isFinished) yield
      if (this.#ahead === 0) throw unexpected
      this.#join(Math.min(extension, this.#ahead))
    }
  }

  #isAtPieceEnd(): boolean {
    return this.at === this.bytes.length
  }

  /** Reads items as long as there is another one: `next` reads it and returns whether there was one. */
  *readWhile(next: (cursor: Cursor) => boolean): Decoding<void> {
    while (!this.#readInBytes(next)) if (!(yield* this.read(next))) return
  }

  /** Whether the items ended in the bytes at hand; if not, the next one may lie across pieces. */
  #readInBytes(next: (cursor: Cursor) => boolean): boolean {
    let start = this.at
    try {
      while (next(this)) start = this.at
      return true
    } catch (reason) {
      if (reason !== short) throw reason
      this.at = start
      return false
    }
  }

  /** Throws {@link unexpected} if anything follows. */
  *readEnd(): Decoding<void> {
    while (this.#isAtPieceEnd() && this.#ahead === 0 && !this.#isFinished) yield
    if (!this.#isAtPieceEnd() || this.#ahead > 0) throw unexpected
  }

  /** The next piece, or the rest of the one that the bytes at hand end in, without copying. */
  #takeNext(): void {
    if (this.#last < 0 || this.#lastEnd === this.#pieces[this.#last]!.length) {
      this.#last++
      this.#lastEnd = 0
    }
    const piece = this.#pieces[this.#last]!
    this.#ahead -= piece.length - this.#lastEnd
    this.#take(piece, this.#lastEnd)
  }

  /** The rest of the bytes at hand, joined with this many that follow. */
  #join(count: number): void {
    const parts = [this.bytes.subarray(this.at)]
    for (let left = count; left > 0;) {
      if (this.#last < 0 || this.#lastEnd === this.#pieces[this.#last]!.length) {
        this.#last++
        this.#lastEnd = 0
      }
      const part = this.#pieces[this.#last]!.subarray(this.#lastEnd, this.#lastEnd + left)
      parts.push(part)
      left -= part.length
      this.#lastEnd += part.length
    }
    this.#ahead -= count
    this.bytes = Buffer.concat(parts)
    this.at = 0
    this.#isJoint = true
  }

  #take(piece: Buffer, at: number): void {
    this.bytes = piece
    this.at = at
    this.#lastEnd = piece.length
    this.#isJoint = false
  }

  /** Returns from the joined bytes to the piece that they end in, if the rest of them lies in it. */
  #leaveJoint(): void {
    const left = this.bytes.length - this.at
    if (left > this.#lastEnd) return
    const piece = this.#pieces[this.#last]!
    this.#ahead -= piece.length - this.#lastEnd
    this.#take(piece, this.#lastEnd - left)
  }
}
