import { Deque } from "./deque.js"
import type { Entry } from "./entry.js"

/** The records of a lane that wait to be sent, in the order in which they may be. Those that were told meanwhile are passed over. */
export interface Line {
  /** How many could be taken now, counting some that were told. */
  readonly ready: number
  readonly add: (entry: Entry) => void
  readonly peek: () => Entry | undefined
  readonly take: () => Entry | undefined
  /** A record that was taken is told: the next of its key may follow. */
  readonly done: (entry: Entry) => void
  /** Records that were taken are to be sent again, before all that wait. */
  readonly putBack: (entries: ReadonlyArray<Entry>) => void
  /** Records that were taken from another line come before all of this one, of which none is taken. */
  readonly putFirst: (entries: ReadonlyArray<Entry>) => void
  /** Removes the records of some keys, and gives them. */
  readonly removeKeys: (keys: ReadonlySet<string>) => ReadonlyArray<Entry>
  /** Takes all, in order. */
  readonly drain: () => ReadonlyArray<Entry>
  /** Drops those that were told, which hold memory. */
  readonly compact: () => void
}

const isWaiting = ({ stage }: Entry): boolean => stage === "waiting"

export const keyOf = ({ partitionKey }: Entry): string => partitionKey ?? ""

/** First in, first out. */
export class PlainLine implements Line {
  readonly #entries = new Deque<Entry>()

  get ready(): number {
    return this.#entries.length
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  peek(): Entry | undefined {
    let entry = this.#entries.peek()
    while (entry !== undefined && !isWaiting(entry)) {
      this.#entries.take()
      entry = this.#entries.peek()
    }
    return entry
  }

  take(): Entry | undefined {
    return this.peek() === undefined ? undefined : this.#entries.take()
  }

  done(): void {}

  putBack(entries: ReadonlyArray<Entry>): void {
    this.#entries.unshift(entries)
  }

  putFirst(entries: ReadonlyArray<Entry>): void {
    this.#entries.unshift(entries)
  }

  removeKeys(keys: ReadonlySet<string>): ReadonlyArray<Entry> {
    const removed = this.#entries.toArray().filter((entry) => isWaiting(entry) && keys.has(keyOf(entry)))
    if (removed.length > 0) this.#entries.keep((entry) => isWaiting(entry) && !keys.has(keyOf(entry)))
    return removed
  }

  drain(): ReadonlyArray<Entry> {
    const entries = this.#entries.toArray().filter(isWaiting)
    this.#entries.keep(() => false)
    return entries
  }

  compact(): void {
    this.#entries.keep(isWaiting)
  }
}

/** First in, first out, but no record while an earlier one of its key is on the way. */
export class KeyedLine implements Line {
  /** At most one of each key. */
  readonly #ready = new Deque<Entry>()
  /** For each key that is ready or on the way, the records behind that one. */
  readonly #behind = new Map<string, Deque<Entry> | undefined>()

  get ready(): number {
    return this.#ready.length
  }

  add(entry: Entry): void {
    const key = keyOf(entry)
    if (!this.#behind.has(key)) {
      this.#behind.set(key, undefined)
      this.#ready.push(entry)
      return
    }
    const behind = this.#behind.get(key) ?? new Deque()
    behind.push(entry)
    this.#behind.set(key, behind)
  }

  peek(): Entry | undefined {
    let entry = this.#ready.peek()
    while (entry !== undefined && !isWaiting(entry)) {
      this.#ready.take()
      this.done(entry)
      entry = this.#ready.peek()
    }
    return entry
  }

  take(): Entry | undefined {
    return this.peek() === undefined ? undefined : this.#ready.take()
  }

  done(entry: Entry): void {
    const key = keyOf(entry)
    const behind = this.#behind.get(key)
    let next = behind?.take()
    while (next !== undefined && !isWaiting(next)) next = behind!.take()
    if (next === undefined) this.#behind.delete(key)
    else this.#ready.unshift([next])
  }

  putBack(entries: ReadonlyArray<Entry>): void {
    this.#ready.unshift(entries)
  }

  putFirst(entries: ReadonlyArray<Entry>): void {
    const after = this.drain()
    for (const entry of entries) this.add(entry)
    for (const entry of after) this.add(entry)
  }

  removeKeys(keys: ReadonlySet<string>): ReadonlyArray<Entry> {
    const ready = this.#ready.toArray().filter((entry) => isWaiting(entry) && keys.has(keyOf(entry)))
    if (ready.length > 0) this.#ready.keep((entry) => !keys.has(keyOf(entry)))
    return [...keys].reduce((removed, key) => {
      const behind = this.#behind.get(key)?.toArray().filter(isWaiting) ?? []
      this.#behind.delete(key)
      return [...removed, ...behind]
    }, ready)
  }

  drain(): ReadonlyArray<Entry> {
    const entries = this.#ready.toArray()
    for (const behind of this.#behind.values()) if (behind !== undefined) entries.push(...behind.toArray())
    this.#ready.keep(() => false)
    this.#behind.clear()
    return entries.filter(isWaiting)
  }

  compact(): void {
    const told = this.#ready.toArray().filter((entry) => !isWaiting(entry))
    this.#ready.keep(isWaiting)
    for (const entry of told) this.done(entry)
    for (const behind of this.#behind.values()) behind?.keep(isWaiting)
  }
}
