/**
 * The consumers of a stream, for enhanced fan-out: names under which one program at a time subscribes to each shard, with 2 MiB a second of its
 * own.
 *
 * Readers and groups register theirs by themselves, unless told not to. What is here is for programs that look after consumers: deployments,
 * and whoever cleans up. A registered consumer costs money for each shard and hour, be it read or not.
 *
 * @see https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Checks from "./internal/options/checks.js"
import * as Rules from "./internal/options/rules.js"
import type { Check, Table } from "./internal/options/table.js"
import * as Consumers from "./internal/reading/consumers.js"
import * as FanOutSettings from "./internal/reading/fanOutSettings.js"
import * as ConsumerArn from "./internal/shard/consumerArn.js"
import type * as Api from "./KinesisApi.js"
import { KinesisClient } from "./KinesisClient.js"
import type { KinesisError } from "./KinesisError.js"

/**
 * How a reader or a group gets its shards pushed.
 *
 * @since 0.1.0
 * @category models
 */
export interface FanOutOptions extends FanOutSettings.FanOutOptions {}

/**
 * Names a stream whose consumers are meant.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /** Name or ARN. A name costs a DescribeStreamSummary, which AWS allows 20 times per second per account. */
  readonly stream: string
}

/**
 * Names a consumer: by its name in a stream, or by its ARN.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerOptions {
  /**
   * Name or ARN of the stream, not needed beside the consumer's ARN. A name costs a DescribeStreamSummary, which AWS allows 20 times per
   * second per account.
   */
  readonly stream?: string | undefined
  /** Name or ARN. Of a stream of another account the ARN is needed. */
  readonly consumer: string
}

/**
 * The options of {@link register}.
 *
 * @since 0.1.0
 * @category models
 */
export interface RegisterOptions extends StreamOptions {
  /** Its name, 1 to 128 of `a-z A-Z 0-9 _ . -`, which no other consumer of the stream has. */
  readonly consumer: string
  /** Whether to wait until it is ACTIVE, for at most 2 minutes. Default: true. */
  readonly wait?: boolean | undefined
}

/**
 * The options of {@link deregister}.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeregisterOptions extends ConsumerOptions {
  /** Whether to wait until it is gone, for at most 2 minutes. Default: true. */
  readonly wait?: boolean | undefined
}

/**
 * Registers a consumer, and waits until it is ACTIVE. AWS allows a stream 20 consumers, 50 with On-demand Advantage, 5 of them CREATING.
 *
 * Fails with `ResourceInUse` if the name is taken, if the stream has as many consumers as it may have, or if it is not ACTIVE after 2 minutes:
 * then it is registered all the same.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { FanOut } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const { consumerArn } = yield* FanOut.register({ stream: "orders", consumer: "billing" })
 *   yield* Effect.log(`registered ${consumerArn}`)
 * })
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const register = (options: RegisterOptions): Effect.Effect<Api.StreamConsumer, KinesisError, KinesisClient> =>
  Rules.check("FanOut.register", registerTable, options).pipe(
    Effect.zipRight(KinesisClient),
    Effect.flatMap((client) => Consumers.register(client, options, options.wait ?? true))
  )

/**
 * What is known of a consumer. Fails with `ResourceNotFound` if there is none. AWS allows 20 per second per account.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FanOut } from "effect-kinesis"
 *
 * const isReady = Effect.map(
 *   FanOut.describe({ stream: "orders", consumer: "billing" }),
 *   ({ consumerStatus }) => consumerStatus === "ACTIVE"
 * )
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const describe = (
  options: ConsumerOptions
): Effect.Effect<Api.DescribeStreamConsumerResponse, KinesisError, KinesisClient> =>
  Rules.check("FanOut.describe", consumerTable, options).pipe(
    Effect.zipRight(KinesisClient),
    Effect.flatMap((client) => Consumers.describe(client, { stream: options.stream, consumer: options.consumer }))
  )

/**
 * All consumers of a stream, also those that are CREATING or DELETING. AWS allows 5 pages of 100 per second per account.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FanOut } from "effect-kinesis"
 *
 * const names = Effect.map(
 *   FanOut.list({ stream: "orders" }),
 *   (consumers) => consumers.map(({ consumerName }) => consumerName)
 * )
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const list = (
  options: StreamOptions
): Effect.Effect<ReadonlyArray<Api.StreamConsumer>, KinesisError, KinesisClient> =>
  Rules.check("FanOut.list", streamTable, options).pipe(
    Effect.zipRight(KinesisClient),
    Effect.flatMap((client) =>
      Effect.flatMap(Consumers.streamArn(client, options.stream), (arn) => Consumers.list(client, arn))
    )
  )

/**
 * Deregisters a consumer, and waits until it is gone. Subscriptions of it end. One that is registered anew under its name has another ARN.
 *
 * Fails with `ResourceNotFound` if there is none, and with `ResourceInUse` if it is still DELETING after 2 minutes.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FanOut } from "effect-kinesis"
 *
 * // when the last of its workers has gone for good
 * const retire = FanOut.deregister({ stream: "orders", consumer: "billing" }).pipe(
 *   Effect.catchTag("ResourceNotFound", () => Effect.void)
 * )
 * ```
 *
 * @since 0.1.0
 * @category destructors
 */
export const deregister = (options: DeregisterOptions): Effect.Effect<void, KinesisError, KinesisClient> =>
  Rules.check("FanOut.deregister", deregisterTable, options).pipe(
    Effect.zipRight(KinesisClient),
    Effect.flatMap((client) =>
      Consumers.deregister(client, { stream: options.stream, consumer: options.consumer }, options.wait ?? true)
    )
  )

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

/** The stream can be left out where the consumer's ARN names it. */
const streamBeside: Check = (given, options) =>
  given === undefined && typeof options["consumer"] === "string" && ConsumerArn.parse(options["consumer"]) !== undefined
    ? undefined
    : Checks.stream(given, options)

const streamTable: Table<StreamOptions> = { stream: Checks.stream }

const consumerTable: Table<ConsumerOptions> = { stream: streamBeside, consumer: FanOutSettings.nameOrArn }

const registerTable: Table<RegisterOptions> = {
  ...streamTable,
  consumer: FanOutSettings.name,
  wait: Checks.optional(Checks.flag)
}

const deregisterTable: Table<DeregisterOptions> = { ...consumerTable, wait: Checks.optional(Checks.flag) }
