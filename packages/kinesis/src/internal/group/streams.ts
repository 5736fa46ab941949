import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Shard } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import { type KinesisError, ServiceUnavailable } from "../../KinesisError.js"
import type { Startable } from "../../Position.js"
import * as Calls from "../reading/calls.js"
import * as ListShards from "../reading/listShards.js"
import * as ReadAhead from "../reading/readAhead.js"
import * as Run from "../reading/run.js"
import * as StartPosition from "../reading/startPosition.js"
import type { GroupSettings } from "./settings.js"

/** One of the streams that a worker reads, and what its shards share. */
export interface GroupStream {
  readonly name: string
  /** `account:name:creation`, in a table of several streams. */
  readonly identifier: string | undefined
  readonly leaseKeyOf: (shardId: string) => string
  /** Where a shard begins that follows no other. */
  readonly start: Startable
  readonly run: Run.Run
  readonly emit: Calls.Emit
  /** All shards in retention, or those that were open at the start and since. */
  readonly listShards: (since: "start" | "trim-horizon") => Effect.Effect<ReadonlyArray<Shard>, KinesisError>
}

/** The identifier that KCL gives a stream in a table of several: a stream that is made anew under its name is another. */
const identify = (client: Service, stream: string) =>
  Effect.flatMap(client.describeStreamSummary({ stream }), ({ creationTimestamp, streamArn, streamName }) => {
    const account = streamArn.split(":")[4]
    return account === undefined || creationTimestamp === undefined
      ? Effect.fail(
        new ServiceUnavailable({
          operation: "DescribeStreamSummary",
          stream,
          description: "the answer lacks the account or the creation time, which the leases of several streams need"
        })
      )
      : Effect.succeed(`${account}:${streamName}:${Math.floor(creationTimestamp.getTime() / 1000)}`)
  })

export const make = (
  untracked: Service,
  settings: GroupSettings
): Effect.Effect<ReadonlyArray<GroupStream>, KinesisError, Scope.Scope> =>
  Effect.gen(function*() {
    const { from, isMultiStream, onEvent } = settings
    const readAhead = yield* ReadAhead.make(settings.maxReadAheadBytes)
    return yield* Effect.forEach(settings.streams, (ofStream) =>
      Effect.gen(function*() {
        const { stream } = ofStream
        const client = Calls.counted(untracked, stream)
        const emit = Calls.emitter({
          stream,
          onEvent: onEvent === undefined ? undefined : (event) => onEvent(event, stream)
        })
        const retrying = Calls.retrying(ofStream, emit)
        const run = yield* Run.make(client, ofStream, emit, readAhead)
        const start = (yield* StartPosition.resolve(client, stream, from, emit, retrying)) as Startable
        const identifier = isMultiStream ? yield* retrying(identify(client, stream)) : undefined
        const once = Calls.retrying({ throttleRetry: Schedule.recurs(2), transientRetry: Schedule.recurs(2) }, emit)
        return {
          name: stream,
          identifier,
          leaseKeyOf: (shardId) => identifier === undefined ? shardId : `${identifier}:${shardId}`,
          start,
          run,
          emit,
          listShards: (since) =>
            ListShards.all(
              client,
              stream,
              since === "start" ? ListShards.since(start) : { type: "FROM_TRIM_HORIZON" },
              once
            )
        } satisfies GroupStream
      }))
  })
