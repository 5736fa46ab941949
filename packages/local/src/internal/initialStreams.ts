import * as Effect from "effect/Effect"
import type { StreamOptions } from "../LocalKinesis.js"
import * as Administration from "./administration.js"
import type { State } from "./service.js"

/** Creates the streams that are to be there from the start, unless they were restored. Dies of what the service would refuse. */
export const create: (service: State, streams: ReadonlyArray<StreamOptions>) => Effect.Effect<void> = Effect.fnUntraced(
  function*(service, streams) {
    const now = yield* service.now
    for (const each of streams.filter(({ name }) => !service.account.streams.has(name))) {
      const { maxRecordSizeInKiB = 1024, name, retentionPeriodHours = 24, shardCount = 1 } = each
      const { recordDistributionStrategy = "USER_PARTITION_KEY" } = each
      const refusal = Administration.refuseRecordSize(maxRecordSizeInKiB) ??
        Administration.createStream(service.account, { stream: name, shardCount }, now, 0, retentionPeriodHours)
      if (refusal !== undefined) return yield* Effect.dieMessage(`stream ${name}: ${refusal.description}`)
      const stream = service.account.streams.get(name)!
      stream.distribution = recordDistributionStrategy
      stream.maxRecordSizeInKiB = maxRecordSizeInKiB
    }
  }
)
