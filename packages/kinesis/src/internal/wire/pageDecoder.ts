import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as RecordsSummary from "../record/recordsSummary.js"
import { type Decoding, Pieces, unexpected } from "./pieces.js"

/** Whose records an answer brings. */
export interface Place {
  readonly stream: string
  readonly shardId: string
}

/** A page that is being decoded. */
export type DecodedPage = { -readonly [Field in keyof GetRecordsResponse]: GetRecordsResponse[Field] }

/** A page as far as it is known before anything of it was read. */
export const emptyPage = (): DecodedPage => ({
  records: [],
  nextShardIterator: undefined,
  millisBehindLatest: undefined,
  childShards: []
})

/** The records of a page, as they are decoded, and what they come to. */
export class DecodedRecords {
  readonly all: Array<KinesisRecord> = []
  readonly #sum = new RecordsSummary.Sum()

  add(record: KinesisRecord): void {
    this.all.push(record)
    this.#sum.add(record)
  }

  /** No further record will come. */
  complete(): ReadonlyArray<KinesisRecord> {
    RecordsSummary.note(this.all, this.#sum)
    return this.all
  }
}

/** Decodes the answer of GetRecords while it comes. */
export class PageDecoder {
  readonly #pieces = new Pieces()
  readonly #decoding: Decoding<GetRecordsResponse>
  #page: GetRecordsResponse | undefined
  #isOver = false

  constructor(read: (pieces: Pieces) => Decoding<GetRecordsResponse>) {
    this.#decoding = read(this.#pieces)
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#goOn()
  }

  /** All has come: the page, or undefined for an answer that is not laid out as AWS does it. */
  page(): GetRecordsResponse | undefined {
    this.#pieces.finish()
    this.#goOn()
    return this.#page
  }

  /** All that came, as it came. */
  bytes(): Buffer {
    return this.#pieces.all()
  }

  #goOn(): void {
    if (this.#isOver) return
    try {
      const { done, value } = this.#decoding.next()
      if (done !== true) return
      this.#page = value
    } catch (reason) {
      if (reason !== unexpected) throw reason
    }
    this.#isOver = true
  }
}
