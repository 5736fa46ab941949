/** Something that waits for its turn. */
interface Entry<A> {
  readonly number: number
  readonly key: string
  readonly value: A
}

/**
 * What waits to be handled by several handlers at once: of one key one after the other, in order; of different keys in any order, the
 * oldest first.
 */
export class KeyedQueue<A> {
  #ready: Array<Entry<A>> = []
  #behind = new Map<string, Array<Entry<A>>>()
  #waiting = 0
  #lastTaken = -1

  /** Numbers rise. */
  add(number: number, key: string, value: A): void {
    const entry = { number, key, value }
    const behind = this.#behind.get(key)
    this.#waiting++
    if (behind !== undefined) behind.push(entry)
    else {
      this.#behind.set(key, [])
      this.#ready.push(entry)
    }
  }

  /** The oldest whose key is not being handled. */
  take(): Entry<A> | undefined {
    const entry = this.#ready.shift()
    if (entry === undefined) return undefined
    this.#waiting--
    this.#lastTaken = Math.max(this.#lastTaken, entry.number)
    return entry
  }

  /** What was taken is done: the next of its key may be. */
  done({ key }: Entry<A>): void {
    const behind = this.#behind.get(key)
    const next = behind?.shift()
    if (next === undefined) this.#behind.delete(key)
    else this.#insert(next)
  }

  /** Drops what comes after everything that was taken: what is left closes the gaps. */
  cut(): void {
    const isKept = ({ number }: Entry<A>): boolean => number <= this.#lastTaken
    this.#ready = this.#ready.filter(isKept)
    this.#waiting = this.#ready.length
    for (const [key, entries] of this.#behind) {
      const kept = entries.filter(isKept)
      this.#behind.set(key, kept)
      this.#waiting += kept.length
    }
  }

  get waiting(): number {
    return this.#waiting
  }

  get isReady(): boolean {
    return this.#ready.length > 0
  }

  #insert(entry: Entry<A>): void {
    const index = this.#ready.findIndex(({ number }) => number > entry.number)
    this.#ready.splice(index < 0 ? this.#ready.length : index, 0, entry)
  }
}
