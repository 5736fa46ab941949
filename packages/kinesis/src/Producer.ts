/**
 * Writes records to a stream, so that each has one outcome, told once: a receipt, or an error that says whether it may have been written.
 *
 * Records of one shard hold up those of no other, refusals slow down the shard that refuses, failed entries are sent again by themselves,
 * small records may travel together, and the order of a key can be kept.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import * as Closing from "./internal/producer/closing.js"
import * as Doors from "./internal/producer/doors.js"
import * as Producers from "./internal/producer/producer.js"
import type * as Receipts from "./internal/producer/receipt.js"
import * as Settings from "./internal/producer/settings.js"
import * as Sinks from "./internal/producer/sink.js"
import type * as Writers from "./internal/producer/writer.js"
import type { PutRecordsEntry } from "./KinesisApi.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { KinesisError } from "./KinesisError.js"
import type { ProducerClosed, PutAllError, PutError } from "./ProducerError.js"

export type {
  /** @since 0.1.0 @category models */
  AggregateOptions,
  /** @since 0.1.0 @category models */
  PaceOptions
} from "./internal/producer/settings.js"

/**
 * The options of a producer of values of type `A`. The encoder may need an `R`, `onEvent` an `REvent`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<in A = PutRecordsEntry, out R = never, out REvent = R>
  extends Settings.ProducerOptions<A, R, REvent>
{}

/**
 * Where a record was written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receipt extends Receipts.Receipt {}

/**
 * What a {@link Producer.sink} has written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary extends Sinks.Summary {}

/**
 * How a producer stands. `accepted` is the sum of `written`, `failed`, `withdrawn` and `waiting`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  /** Records that were given to it. */
  readonly accepted: number
  /** Records that were written. */
  readonly written: number
  /** Records that were given up. */
  readonly failed: number
  /** Records that were not sent since their caller was interrupted. */
  readonly withdrawn: number
  /** Records that wait for room, wait to be sent or are on the way. */
  readonly waiting: number
  /** The room that those take which wait to be sent or are on the way. */
  readonly bufferedBytes: number
  /** Requests that are not answered yet. */
  readonly requestsUnderWay: number
}

/**
 * A producer of values of type `A`, until its scope ends.
 *
 * A caller whose records find no room waits: nothing is dropped. One that is interrupted takes back what waits; what is on the way may be
 * written. Records are not copied: change none of their bytes before their fate is known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Producer<in A = PutRecordsEntry> {
  /** Writes one value. For many, `putAll` and `sink` cost a tenth and less. */
  readonly put: (value: A) => Effect.Effect<Receipt, PutError | ProducerClosed>
  /** Writes values; the receipts are in their order. Fails with what became of each if any is given up: the others are written. */
  readonly putAll: (values: Iterable<A>) => Effect.Effect<ReadonlyArray<Receipt>, PutAllError | ProducerClosed>
  /** Writes values, and tells what became of each, in their order. */
  readonly putAllSettled: (
    values: Iterable<A>
  ) => Effect.Effect<ReadonlyArray<Either.Either<Receipt, PutError>>, ProducerClosed>
  /** Waits until there is room for a value, and gives its acknowledgement: what waits until it is told. It may be run any number of times, or not at all. */
  readonly offer: (value: A) => Effect.Effect<Effect.Effect<Receipt, PutError>, ProducerClosed>
  /** The same without waiting: none if there is no room. */
  readonly tryOffer: (value: A) => Effect.Effect<Option.Option<Effect.Effect<Receipt, PutError>>, ProducerClosed>
  /**
   * Writes a stream, chunk by chunk: the next is taken as soon as there is room for it. Fails with the first record that is given up; then what
   * still waits is not sent.
   */
  readonly sink: Sink.Sink<Summary, A, never, PutError | ProducerClosed>
  /** The same, with something else done about each record that is given up, one after the other. */
  readonly sinkWith: <E = never, R = never>(options: {
    /** `"fail"`, or what to do with the record, such as sending it to a dead-letter queue; the stream goes on. */
    readonly onFailed: "fail" | ((error: PutError) => Effect.Effect<unknown, E, R>)
  }) => Sink.Sink<Summary, A, never, E | PutError | ProducerClosed, R>
  /**
   * Sends all that was put so far without waiting for more, and waits until it is told, be it as written or given up. What is put meanwhile does
   * not prolong it.
   */
  readonly flush: Effect.Effect<void>
  /** How it stands. */
  readonly stats: Effect.Effect<Stats>
}

/**
 * The defaults of the options. There is no `onEvent`.
 *
 * @since 0.1.0
 * @category defaults
 */
export const defaults = Settings.defaults

/**
 * Options from the environment, with {@link defaults} for those that are not set: `KINESIS_MAX_IN_FLIGHT`, `KINESIS_LINGER`,
 * `KINESIS_MAX_BATCH_RECORDS`, `KINESIS_MAX_BATCH_BYTES`, `KINESIS_MAX_BUFFERED_BYTES`, `KINESIS_RECORD_DEADLINE`, `KINESIS_ORDER`,
 * `KINESIS_ON_FAILURE`, `KINESIS_ON_UNKNOWN`, `KINESIS_AGGREGATE` and `KINESIS_CLOSE_TIMEOUT`. Durations are written like `30 seconds`.
 *
 * @example
 * ```ts
 * import { Config, Effect } from "effect"
 * import { Producer } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const options = yield* Producer.config
 *   const stream = yield* Config.string("KINESIS_STREAM")
 *   return yield* Producer.make({ ...options, stream })
 * })
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config = Config.all(Settings.config)

/**
 * A producer, which is closed with the scope: it takes nothing more, sends what it has for up to `closeTimeout`, and tells the rest.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong. It asks how large the stream's records may be and who distributes
 * them, and lists the shards; without permission to ask, records travel alone and may have 1 MiB.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Schema } from "effect"
 * import { Producer, RecordEncoder } from "effect-kinesis"
 *
 * const Order = Schema.Struct({ id: Schema.String, customer: Schema.String })
 *
 * const program = Effect.gen(function*() {
 *   const producer = yield* Producer.make({
 *     stream: "orders",
 *     encoder: RecordEncoder.json(Order, { partitionKey: (order) => order.customer }),
 *     order: "key"
 *   })
 *   const receipts = yield* producer.putAll([{ id: "1", customer: "ann" }, { id: "2", customer: "bob" }])
 *   yield* Effect.log(receipts.map(({ sequenceNumber }) => sequenceNumber))
 * })
 *
 * Effect.runPromise(
 *   Effect.scoped(program).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A = PutRecordsEntry, R = never, REvent = never>(
  options: Options<A, R, REvent>
): Effect.Effect<Producer<A>, KinesisError, KinesisClient | R | REvent | Scope.Scope> =>
  Effect.map(Producers.make(options), toProducer)

/**
 * A class that is a tag of a {@link Producer}, with layers that make it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProducerTag<Self, Id extends string, A> extends Context.TagClass<Self, Id, Producer<A>> {
  /** The producer with these options, closed with the layer's scope. */
  readonly layer: <R = never, REvent = never>(
    options: Options<A, R, REvent>
  ) => Layer.Layer<Self, KinesisError, KinesisClient | R | REvent>
  /** The same with options that are read from the configuration. */
  readonly layerConfig: <R = never, REvent = never>(
    options: Config.Config<Options<A, R, REvent>>
  ) => Layer.Layer<Self, KinesisError | ConfigError.ConfigError, KinesisClient | R | REvent>
}

/**
 * A producer as a service: a class of yours that extends this is its tag, and has its layers.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { Producer, RecordEncoder } from "effect-kinesis"
 *
 * class Lines extends Producer.Tag<Lines, string>()("Lines") {}
 *
 * const live = Lines.layer({ stream: "orders", encoder: RecordEncoder.utf8({ partitionKey: (line) => line.slice(0, 8) }) })
 *
 * const program = Effect.flatMap(Lines, (lines) => lines.put("a kettle")).pipe(
 *   Effect.catchTag("PutError", (error) => Effect.logError(error.message, error.written))
 * )
 *
 * Effect.runPromise(
 *   Effect.provide(program, Layer.provide(live, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * )
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export const Tag = <Self, A = PutRecordsEntry>() => <const Id extends string>(id: Id): ProducerTag<Self, Id, A> => {
  const tag = Context.Tag(id)<Self, Producer<A>>()
  return Object.assign(tag, {
    layer: <R, REvent>(options: Options<A, R, REvent>) => Layer.scoped(tag, make(options)),
    layerConfig: <R, REvent>(options: Config.Config<Options<A, R, REvent>>) =>
      Layer.scoped(tag, Effect.flatMap(options, make))
  }) as ProducerTag<Self, Id, A>
}

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const statsOf = ({ core, counts }: Writers.Writer): Stats => ({
  ...counts,
  waiting: counts.accepted - counts.written - counts.failed - counts.withdrawn,
  bufferedBytes: core.room,
  requestsUnderWay: core.requestsUnderWay
})

const toProducer = <A>(writer: Writers.Writer): Producer<A> => ({
  put: Doors.put(writer),
  putAll: Doors.putAll(writer),
  putAllSettled: Doors.putAllSettled(writer),
  offer: Doors.offer(writer),
  tryOffer: Doors.tryOffer(writer),
  sink: Sinks.make(writer, "fail"),
  sinkWith: ({ onFailed }) => Sinks.make(writer, onFailed),
  flush: Closing.flush(writer),
  stats: Effect.sync(() => statsOf(writer))
})
