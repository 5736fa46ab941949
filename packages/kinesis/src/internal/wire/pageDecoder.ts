import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as RecordsSummary from "../record/recordsSummary.js"
import { type Decoding, Pieces, unexpected } from "./pieces.js"

/** The stream and shard whose records an answer brings. */
export interface Place {
  readonly stream: string
  readonly shardId: string
}

/** A page that is being decoded. */
export type DecodedPage = { -readonly [Field in keyof GetRecordsResponse]: GetRecordsResponse[Field] }

/** A page before anything of it was read. */
export const emptyPage = (): DecodedPage => ({
  records: [],
  nextShardIterator: undefined,
  millisBehindLatest: undefined,
  childShards: []
})

/** To sum these up again takes less than to note their sum. */
const fewRecords = 16

/** The records of a page as they are decoded, and their summary. */
export class DecodedRecords {
  readonly all: Array<KinesisRecord> = []
  readonly #sum = new RecordsSummary.Sum()

  add(record: KinesisRecord): void {
    this.all.push(record)
    this.#sum.add(record)
  }

  /** No further record will follow. */
  complete(): ReadonlyArray<KinesisRecord> {
    if (this.all.length > fewRecords) RecordsSummary.note(this.all, this.#sum)
    return this.all
  }
}

/** Decodes an answer of GetRecords while it arrives. */
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

  /** Everything has arrived: returns the page, or undefined for an answer that is not laid out as AWS does it. */
  page(): GetRecordsResponse | undefined {
    this.#pieces.finish()
    this.#goOn()
    return this.#page
  }

  /** Everything that has arrived, as received. */
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
