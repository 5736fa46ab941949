import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import { Pieces, type Reading, unexpected } from "./pieces.js"

/** A record whose shard is not known yet. */
export type Unplaced = { -readonly [Field in keyof KinesisRecord]: KinesisRecord[Field] }

export interface DecodedPage extends Omit<GetRecordsResponse, "records"> {
  readonly records: ReadonlyArray<Unplaced>
}

/** A page as far as it is known before anything of it was read. */
export const emptyPage = (): { -readonly [Field in keyof DecodedPage]: DecodedPage[Field] } => ({
  records: [],
  nextShardIterator: undefined,
  millisBehindLatest: undefined,
  childShards: []
})

/** Decodes the answer of GetRecords while it comes. */
export class PageDecoder {
  readonly #pieces = new Pieces()
  readonly #reading: Reading<DecodedPage>
  #page: DecodedPage | undefined
  #isOver = false

  constructor(read: (pieces: Pieces) => Reading<DecodedPage>) {
    this.#reading = read(this.#pieces)
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#goOn()
  }

  /** All has come: the page of a shard, or undefined for an answer that is not laid out as AWS does it. */
  page(stream: string, shardId: string): GetRecordsResponse | undefined {
    this.#pieces.finish()
    this.#goOn()
    if (this.#page === undefined) return undefined
    for (const record of this.#page.records) {
      record.stream = stream
      record.shardId = shardId
    }
    return this.#page
  }

  /** All that came, as it came. */
  bytes(): Buffer {
    return this.#pieces.all()
  }

  #goOn(): void {
    if (this.#isOver) return
    try {
      const { done, value } = this.#reading.next()
      if (done !== true) return
      this.#page = value
    } catch (reason) {
      if (reason !== unexpected) throw reason
    }
    this.#isOver = true
  }
}
