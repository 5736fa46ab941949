import { lowerBound } from "./lowerBound.js"

/** An entry that waits for its turn. */
interface Entry<A> {
  readonly number: number
  readonly key: string | undefined
  readonly value: A
}

/** Entries by their numbers. Adding at the end and taking from the front cost the same however many there are. */
class Line<A> {
  #entries: Array<Entry<A>> = []
  #first = 0

  get length(): number {
    return this.#entries.length - this.#first
  }

  add(entry: Entry<A>): void {
    const index = this.#indexAfter(entry.number)
    if (index > 0 && index === this.#first) this.#entries[--this.#first] = entry
    else this.#entries.splice(index, 0, entry)
  }

  take(): Entry<A> | undefined {
    const entry = this.#entries[this.#first]
    if (entry === undefined) return undefined
    this.#first++
    if (this.#first * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#first)
      this.#first = 0
    }
    return entry
  }

  /** Drops the entries above a number. */
  cut(number: number): ReadonlyArray<Entry<A>> {
    return this.#entries.splice(this.#indexAfter(number))
  }

  #indexAfter(number: number): number {
    return lowerBound(this.#first, this.#entries.length, (index) => this.#entries[index]!.number <= number)
  }
}

/**
 * Entries that wait for several concurrent handlers: those of one key are handled one after the other, in order; those of different keys,
 * or without a key, in any order, the oldest first.
 */
export class KeyedQueue<A> {
  readonly #ready = new Line<A>()
  /** For each key that is ready or being handled, the entries that come after it. */
  readonly #behind = new Map<string, Line<A>>()
  #waiting = 0
  #lastTaken = -1

  /** Numbers rise. */
  add(number: number, key: string | undefined, value: A): void {
    const entry = { number, key, value }
    const behind = key === undefined ? undefined : this.#behind.get(key)
    this.#waiting++
    if (behind !== undefined) behind.add(entry)
    else {
      if (key !== undefined) this.#behind.set(key, new Line())
      this.#ready.add(entry)
    }
  }

  /** Takes the oldest entry whose key is not being handled. */
  take(): Entry<A> | undefined {
    const entry = this.#ready.take()
    if (entry === undefined) return undefined
    this.#waiting--
    this.#lastTaken = Math.max(this.#lastTaken, entry.number)
    return entry
  }

  /** A taken entry is done: the next of its key may follow. */
  done({ key }: Entry<A>): void {
    if (key === undefined) return
    const next = this.#behind.get(key)?.take()
    if (next === undefined) this.#behind.delete(key)
    else this.#ready.add(next)
  }

  /** Drops the entries after everything that was taken: the rest closes the gaps. */
  cut(): void {
    for (const { key } of this.#ready.cut(this.#lastTaken)) if (key !== undefined) this.#behind.delete(key)
    this.#waiting = this.#ready.length
    for (const behind of this.#behind.values()) {
      behind.cut(this.#lastTaken)
      this.#waiting += behind.length
    }
  }

  get waiting(): number {
    return this.#waiting
  }

  get isReady(): boolean {
    return this.#ready.length > 0
  }
}
