import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import type { Position } from "../../Position.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as Checkpoint from "./checkpoint.js"
import { lowerBound } from "./lowerBound.js"

/** The place of a record in its shard. */
export type RecordPlace = Pick<KinesisRecord, "sequenceNumber" | "subSequenceNumber">

type DeliveredPage = Pick<Page, "position"> & { readonly records: ReadonlyArray<RecordPlace> }

interface Delivered {
  /** The number of its first record, counted over all records delivered. */
  readonly first: number
  readonly records: ReadonlyArray<RecordPlace>
  /** Where to resume when all of the page is acknowledged; undefined for the shard's last page if that is empty. */
  readonly end: Position | undefined
  readonly acknowledged: Set<number>
}

export const placeAfter = ({ sequenceNumber, subSequenceNumber }: RecordPlace): Position => ({
  _tag: "AfterSequenceNumber",
  sequenceNumber,
  ...(subSequenceNumber === undefined ? {} : { subSequenceNumber })
})

/**
 * The place after a page, with the place in the aggregate when a page ends with one. The shard's end must not be stored before everything
 * is acknowledged and the children are known.
 */
const endOf = ({ position, records }: DeliveredPage): Position | undefined => {
  const last = records.at(-1)
  const isOfLast = position._tag === "ShardEnd" ||
    ("sequenceNumber" in position && position.sequenceNumber === last?.sequenceNumber)
  return isOfLast ? last && placeAfter(last) : position
}

const comparePlaces = (a: RecordPlace, b: RecordPlace): number =>
  SequenceNumber.compare(a.sequenceNumber, b.sequenceNumber) || (a.subSequenceNumber ?? 0) - (b.subSequenceNumber ?? 0)

/** How many of the records lie up to and including a place. */
const countUpTo = (records: ReadonlyArray<RecordPlace>, place: RecordPlace): number =>
  lowerBound(0, records.length, (index) => comparePlaces(records[index]!, place) <= 0)

/**
 * The delivered and the acknowledged records of one shard, in any order. Only the contiguous prefix counts: a position beyond an
 * unacknowledged record would lose that record.
 */
export class AckTracker {
  #pages: Array<Delivered> = []
  #delivered = 0
  /** How many records are acknowledged without a gap. */
  #prefix = 0
  #position: Position | undefined
  #total = 0

  /** Counts a page as delivered; returns the number of its first record. */
  deliver(page: DeliveredPage): number {
    const first = this.#delivered
    this.#delivered += page.records.length
    this.#pages.push({ first, records: page.records, end: endOf(page), acknowledged: new Set() })
    this.#advance()
    return first
  }

  /** Acknowledges a record by its number. */
  acknowledge(number: number): void {
    const page = this.#pages.find(({ first, records }) => number >= first && number < first + records.length)
    if (page === undefined || number < this.#prefix || page.acknowledged.has(number)) return
    this.#total++
    if (number === this.#prefix) this.#prefix++
    else page.acknowledged.add(number)
    this.#advance()
  }

  /** Acknowledges a record by its place; does nothing if it was not delivered. */
  acknowledgeAt(place: RecordPlace): void {
    const number = this.#numberOf(place)
    if (number !== undefined) this.acknowledge(number)
  }

  /** Acknowledges everything that was delivered up to and including a place. */
  acknowledgeUpTo(place: RecordPlace): void {
    let upTo = this.#prefix
    for (const { first, records } of this.#pages) {
      const count = countUpTo(records, place)
      if (count > 0) upTo = Math.max(upTo, first + count)
    }
    for (let number = this.#prefix; number < upTo; number++) this.acknowledge(number)
  }

  /** Where to resume, after everything acknowledged without a gap; undefined while nothing is. */
  get position(): Position | undefined {
    return this.#position
  }

  /** How many records were delivered from the first unacknowledged one on. */
  get gap(): number {
    return this.#delivered - this.#prefix
  }

  /** Nothing is left to acknowledge. */
  get isSettled(): boolean {
    return this.#pages.length === 0
  }

  /** How many records were acknowledged. */
  get acknowledged(): number {
    return this.#total
  }

  /** How many records are acknowledged without a gap. */
  get prefix(): number {
    return this.#prefix
  }

  #numberOf(place: RecordPlace): number | undefined {
    for (const { first, records } of this.#pages) {
      const count = countUpTo(records, place)
      if (count > 0 && comparePlaces(records[count - 1]!, place) === 0) return first + count - 1
    }
    return undefined
  }

  #advance(): void {
    for (let page = this.#pages[0]; page !== undefined; page = this.#pages[0]) {
      while (page.acknowledged.delete(this.#prefix)) this.#prefix++
      const count = this.#prefix - page.first
      if (count < page.records.length) {
        if (count > 0) this.#position = placeAfter(page.records[count - 1]!)
        return
      }
      if (page.end !== undefined && Checkpoint.compare(page.end, this.#position) >= 0) this.#position = page.end
      this.#pages.shift()
    }
  }
}
