/** A queue with two ends. Adding and taking cost the same however long it is. */
export class Deque<A> {
  #items: Array<A | undefined> = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  peek(): A | undefined {
    return this.#items[this.#head]
  }

  push(item: A): void {
    this.#items.push(item)
  }

  take(): A | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }

  /** Puts items before all others, in their order. */
  unshift(items: ReadonlyArray<A>): void {
    const start = this.#head - items.length
    if (start < 0) {
      this.#items = [...items, ...this.#items.slice(this.#head)]
      this.#head = 0
      return
    }
    for (let i = 0; i < items.length; i++) this.#items[start + i] = items[i]
    this.#head = start
  }

  /** All items in order. */
  toArray(): Array<A> {
    return this.#items.slice(this.#head) as Array<A>
  }

  /** Drops the items for which a test does not hold. */
  keep(holds: (item: A) => boolean): void {
    this.#items = this.toArray().filter(holds)
    this.#head = 0
  }
}
