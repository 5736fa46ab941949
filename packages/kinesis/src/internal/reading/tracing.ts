import * as Effect from "effect/Effect"
import type { GetRecordsResponse } from "../../KinesisApi.js"

/** Names of OpenTelemetry's semantic conventions: https://opentelemetry.io/docs/specs/semconv/ */
const attributesOf = (stream: string, shardId: string) => ({
  "rpc.system": "aws-api",
  "rpc.service": "Kinesis",
  "rpc.method": "GetRecords",
  "aws.kinesis.stream_name": stream,
  "messaging.operation.type": "receive",
  "messaging.destination.name": stream,
  "messaging.destination.partition.id": shardId
})

/** Effect's default tracer, in use when no other is provided: nobody sees its spans. */
const unseen = Effect.runSync(Effect.tracer)

/** Whether spans are recorded. */
export const isTraced: Effect.Effect<boolean> = Effect.map(Effect.tracer, (tracer) => tracer !== unseen)

/** A span for each attempt to get a page. */
export const getRecords = (stream: string, shardId: string) => {
  const options = { kind: "client", captureStackTrace: false, attributes: attributesOf(stream, shardId) } as const
  return <E, R>(call: Effect.Effect<GetRecordsResponse, E, R>): Effect.Effect<GetRecordsResponse, E, R> =>
    call.pipe(
      Effect.tap(({ millisBehindLatest, records }) =>
        Effect.annotateCurrentSpan({
          "messaging.batch.message_count": records.length,
          ...millisBehindLatest !== undefined && { "aws.kinesis.millis_behind_latest": millisBehindLatest }
        })
      ),
      Effect.withSpan("Kinesis.GetRecords", options)
    ) as Effect.Effect<GetRecordsResponse, E, R>
}
