import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Api from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import {
  type ExpiredListToken,
  type KinesisError,
  ServiceUnavailable,
  type ThrottledError
} from "../../KinesisError.js"
import * as ConsumerArn from "../shard/consumerArn.js"
import * as ConsumerState from "../shard/consumerState.js"
import * as MonotonicClock from "./clock.js"
import * as ConsumerErrors from "./consumerErrors.js"
import * as Retry from "./retry.js"

/** A stream's ARN: a name is asked for. */
export const streamArn = (client: Service, stream: string): Effect.Effect<string, KinesisError> =>
  stream.startsWith("arn:")
    ? Effect.succeed(stream)
    : Effect.map(client.describeStreamSummary({ stream }), ({ streamArn }) => streamArn)

/** How a request names a consumer: by the ARN that was given, or in its stream. */
const toRequest = (
  client: Service,
  { consumer, stream = "" }: ConsumerErrors.Named
): Effect.Effect<Api.StreamConsumerRequest, KinesisError> =>
  ConsumerArn.parse(consumer) === undefined
    ? Effect.map(streamArn(client, stream), (streamArn) => ({ streamArn, consumerName: consumer }))
    : Effect.succeed({ consumerArn: consumer })

export const describe = (
  client: Service,
  named: ConsumerErrors.Named
): Effect.Effect<Api.DescribeStreamConsumerResponse, KinesisError> =>
  Effect.flatMap(toRequest(client, named), client.describeStreamConsumer)

/** A listing of at most 50 consumers has one page, unless something is wrong with it. */
const maxRestarts = 4

/** Every page of a listing. When a token expires the whole listing starts again. */
const pages = (
  client: Service,
  streamArn: string
): Effect.Effect<ReadonlyArray<Api.StreamConsumer>, KinesisError | ExpiredListToken> =>
  Effect.gen(function*() {
    const consumers: Array<Api.StreamConsumer> = []
    let nextToken: string | undefined
    do {
      const page: Api.ListStreamConsumersResponse = yield* client.listStreamConsumers({ streamArn, nextToken })
      for (const consumer of page.consumers) consumers.push(consumer)
      nextToken = page.nextToken === "" ? undefined : page.nextToken
    } while (nextToken !== undefined)
    return consumers
  })

/** All consumers of a stream. */
export const list = (
  client: Service,
  streamArn: string
): Effect.Effect<ReadonlyArray<Api.StreamConsumer>, KinesisError> =>
  pages(client, streamArn).pipe(
    Effect.retry({ schedule: Schedule.recurs(maxRestarts), while: (error) => error._tag === "ExpiredListToken" }),
    Effect.catchTag("ExpiredListToken", ({ cause, description, operation }) =>
      Effect.fail(
        new ServiceUnavailable({
          operation,
          stream: streamArn,
          description: `the listing is too slow: ${description}`,
          cause
        })
      ))
  )

/** What a limit at registering means: the error itself where it may pass. */
export const ofLimit = (
  client: Service,
  streamArn: string,
  named: ConsumerErrors.Named,
  error: ThrottledError
): Effect.Effect<KinesisError> =>
  list(client, streamArn).pipe(
    Effect.map(({ length }) => ConsumerState.isFull(length) ? ConsumerErrors.tooMany(named, length, error) : error),
    Effect.orElseSucceed(() => error)
  )

/** Looks at a consumer every 1 to 2 seconds until it is seen as it should be, and gives what was seen then. */
const waitFor = (
  client: Service,
  named: ConsumerErrors.Named,
  consumerArn: string,
  isSettled: (seen: ConsumerState.Seen) => boolean
): Effect.Effect<Api.StreamConsumer | undefined, KinesisError> =>
  Effect.gen(function*() {
    const deadline = (yield* MonotonicClock.monotonicMillis) + ConsumerState.patienceMillis
    let seen: ConsumerState.Seen = "unknown"
    let cause: KinesisError | undefined
    while ((yield* MonotonicClock.monotonicMillis) < deadline) {
      yield* Effect.sleep(ConsumerState.pauseMillis({ askers: 1, random: yield* Random.next }))
      const looked = yield* Effect.either(look(client, consumerArn))
      if (looked._tag === "Left") {
        if (!Retry.mayPass(looked.left)) return yield* Effect.fail(looked.left)
        cause = looked.left
        continue
      }
      cause = undefined
      seen = looked.right?.consumerStatus ?? "missing"
      if (isSettled(seen)) return looked.right
    }
    return yield* Effect.fail(ConsumerErrors.late(named, { seen, refusal: undefined }, cause))
  })

/** A consumer as it is now; undefined where there is none. */
const look = (
  client: Service,
  consumerArn: string
): Effect.Effect<Api.StreamConsumer | undefined, KinesisError> =>
  Effect.catchTag(client.describeStreamConsumer({ consumerArn }), "ResourceNotFound", () => Effect.succeed(undefined))

/** Registers a consumer, and waits until it is ACTIVE. */
export const register = (
  client: Service,
  named: ConsumerErrors.Named & { readonly stream: string },
  wait: boolean
): Effect.Effect<Api.StreamConsumer, KinesisError> =>
  Effect.gen(function*() {
    const arn = yield* streamArn(client, named.stream)
    const registered = yield* client.registerStreamConsumer({ streamArn: arn, consumerName: named.consumer }).pipe(
      Effect.catchTag("ThrottledError", (error) => Effect.flatMap(ofLimit(client, arn, named, error), Effect.fail))
    )
    if (!wait || registered.consumerStatus === "ACTIVE") return registered
    return (yield* waitFor(client, named, registered.consumerArn, (seen) => seen === "ACTIVE")) ?? registered
  })

/** Deregisters a consumer, and waits until it is gone. */
export const deregister = (
  client: Service,
  named: ConsumerErrors.Named,
  wait: boolean
): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    const request = yield* toRequest(client, named)
    if (!wait) return yield* client.deregisterStreamConsumer(request)
    const { consumerArn, consumerStatus } = yield* client.describeStreamConsumer(request)
    if (consumerStatus !== "DELETING") yield* client.deregisterStreamConsumer({ consumerArn })
    yield* waitFor(client, named, consumerArn, (seen) => seen === "missing")
  })
