import * as KinesisClient from "../../KinesisClient.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import { apiName } from "../wire/sdkOperations.js"

/** The client, with each attempt of a call counted. */
export const make = (client: KinesisClient.Service, stream: string): KinesisClient.Service => {
  const count = KinesisMetrics.attemptRecorder(stream)
  return KinesisClient.mapCalls(client, (effect, { operation, request }) => {
    count(apiName(operation), "shardId" in request ? request.shardId : undefined)
    return effect
  })
}
