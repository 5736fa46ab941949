import * as Effect from "effect/Effect"
import type { Service } from "../../KinesisClient.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"

/** The client, with each attempt of the calls that reading makes counted. */
export const make = (client: Service, stream: string): Service => {
  const count = KinesisMetrics.attemptRecorder(stream)
  const counting = <Request extends object, A, E>(
    operation: string,
    call: (request: Request) => Effect.Effect<A, E>
  ) =>
  (request: Request & { readonly shardId?: string }) =>
    Effect.suspend(() => {
      count(operation, request.shardId)
      return call(request)
    })
  return {
    ...client,
    listShards: counting("ListShards", client.listShards),
    getShardIterator: counting("GetShardIterator", client.getShardIterator),
    getRecords: counting("GetRecords", client.getRecords),
    describeStreamSummary: counting("DescribeStreamSummary", client.describeStreamSummary)
  }
}
