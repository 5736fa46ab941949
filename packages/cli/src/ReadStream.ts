import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Screen from "./Screen.js"
import * as Summary from "./Summary.js"

export interface Options {
  readonly stream: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly from: KinesisStream.Options["from"]
  readonly totalMillis: number
  readonly json: boolean
}

/** Reads every record of a real stream for a set time. */
export const run = ({ endpoint, from, json, region, stream, totalMillis }: Options) =>
  Effect.gen(function*() {
    const screen = yield* Screen.make({ title: stream, totalMillis, json })
    const tally = Summary.begin()
    const last = new Map<string, Summary.RecordNumber>()
    yield* KinesisStream.records({
      stream,
      from,
      until: Until.elapsed(totalMillis),
      onEvent: (event) => {
        Summary.happened(tally, event)
        return screen.onEvent(event)
      }
    }).pipe(
      Stream.runForEachChunk((records) =>
        Effect.sync(() => {
          for (const { sequenceNumber, shardId, subSequenceNumber } of Chunk.toReadonlyArray(records)) {
            Summary.readNext(tally, last, shardId, { sequenceNumber, subSequenceNumber })
          }
        })
      ),
      Effect.provide(KinesisClient.layer({ region, endpoint }))
    )
    const summary = Summary.ofStream(tally)
    yield* screen.finish(summary)
    return summary
  }).pipe(Effect.scoped)
