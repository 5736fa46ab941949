/** What users' effects can fail with and need is in the types of what is made of them: `npm run check` judges. */
import { describe, it } from "@effect/vitest"
import { Context, Data, Effect, type Either, Option, Schedule, Schema, type Scope, Stream } from "effect"
import {
  Consumer,
  FailurePolicy,
  type KinesisClient,
  type KinesisError,
  type KinesisRecord,
  KinesisStream,
  type LeaseStore,
  RecordDecoder,
  ShardReader
} from "effect-kinesis"
import { expectTypeOf } from "vitest"

class OutOfStock extends Data.TaggedError("OutOfStock")<{ readonly item: string }> {}
class Stock extends Context.Tag("Stock")<Stock, ReadonlyMap<string, number>>() {}
class Queue extends Context.Tag("Queue")<Queue, Array<unknown>>() {}
class Audit extends Context.Tag("Audit")<Audit, Array<unknown>>() {}
class Stop extends Context.Tag("Stop")<Stop, Effect.Effect<void>>() {}
class Prices extends Context.Tag("Prices")<Prices, ReadonlyMap<string, number>>() {}

type Services = KinesisClient.KinesisClient | LeaseStore.LeaseStore

const group = { application: "billing", stream: "orders", from: "latest" } as const
const Order = Schema.Struct({ id: Schema.String })
const Priced = Schema.transformOrFail(Schema.String, Schema.Number, {
  decode: (id) => Effect.map(Prices, (prices) => prices.get(id) ?? 0),
  encode: (price) => Effect.succeed(`${price}`)
})

const sell = (item: string) =>
  Effect.flatMap(Stock, (stock) => stock.has(item) ? Effect.void : new OutOfStock({ item }))
const note = (what: unknown) => Effect.map(Audit, (lines) => void lines.push(what))

describe("types", () => {
  it("a consumer fails with what its handler fails with, and catchTag takes it away", () => {
    const consumer = Consumer.run({ ...group, handler: () => sell("kettle") })
    expectTypeOf(consumer).toEqualTypeOf<
      Effect.Effect<Consumer.Summary, Consumer.ConsumerError<OutOfStock>, Stock | Services>
    >()
    const caught = Effect.catchTag(consumer, "OutOfStock", ({ item }) => Effect.succeed(item))
    expectTypeOf<Extract<Effect.Effect.Error<typeof caught>, OutOfStock>>().toBeNever()
    expectTypeOf(Consumer.run({ ...group, pageHandler: () => sell("kettle") })).toEqualTypeOf(consumer)
    expectTypeOf(Consumer.run({ ...group, handler: () => Effect.void })).toEqualTypeOf<
      Effect.Effect<Consumer.Summary, Consumer.ConsumerError, Services>
    >()
  })

  it("what policies, onEvent and stopWhen need is needed, each for itself", () => {
    const consumer = Consumer.make({
      ...group,
      handler: () => sell("kettle"),
      onFailure: FailurePolicy.deadLetter((failed) => Effect.map(Queue, (queue) => queue.push(failed))),
      onEvent: note,
      stopWhen: Effect.flatten(Stop)
    })
    expectTypeOf<Effect.Effect.Context<typeof consumer>>().toEqualTypeOf<
      Stock | Queue | Audit | Stop | Services | Scope.Scope
    >()
    expectTypeOf<Effect.Effect.Success<typeof consumer>>().toEqualTypeOf<Consumer.Consumer<OutOfStock>>()
    const shards = Consumer.shards({ ...group, onEvent: note, stopWhen: Effect.flatten(Stop) })
    expectTypeOf<Stream.Stream.Context<typeof shards>>().toEqualTypeOf<Audit | Stop | Services>()
  })

  it("a policy has the handler's error, with its place", () => {
    const policy = FailurePolicy.deadLetter(({ error }: FailurePolicy.Failed<OutOfStock>) => {
      expectTypeOf(error.failure).toEqualTypeOf<Option.Option<OutOfStock>>()
      return Effect.void
    })
    expectTypeOf(policy).toEqualTypeOf<FailurePolicy.FailurePolicy<OutOfStock>>()
    const retried = FailurePolicy.restart(
      Schedule.whileInput(
        Schedule.forever,
        ({ failure }: KinesisError.HandlerError<OutOfStock>) => Option.exists(failure, ({ item }) => item !== "")
      )
    )
    expectTypeOf(retried).toEqualTypeOf<FailurePolicy.FailurePolicy<OutOfStock>>()
    const fitting = [policy, retried, FailurePolicy.skip].map((onFailure) =>
      Consumer.make({ ...group, handler: () => sell("kettle"), onFailure })
    )
    expectTypeOf<Effect.Effect.Success<(typeof fitting)[number]>>().toEqualTypeOf<Consumer.Consumer<OutOfStock>>()
    expectTypeOf(policy).not.toMatchTypeOf<FailurePolicy.FailurePolicy<string>>()
  })

  it("a decoder gives its values to the handler, its errors and needs to the consumer", () => {
    const consumer = Consumer.run({
      ...group,
      decode: RecordDecoder.json(Priced),
      handler: (price, shard) => {
        expectTypeOf(price).toEqualTypeOf<RecordDecoder.Decoded<number>>()
        expectTypeOf(shard).toEqualTypeOf<Consumer.ShardContext>()
        return sell("kettle")
      }
    })
    expectTypeOf(consumer).toEqualTypeOf<
      Effect.Effect<
        Consumer.Summary,
        Consumer.ConsumerError<OutOfStock | KinesisError.DecodeError>,
        Stock | Prices | Services
      >
    >()
    const paged = Consumer.run({
      ...group,
      decode: RecordDecoder.gzip({ onInvalid: note }).pipe(
        RecordDecoder.compose(RecordDecoder.json(Order, { onInvalid: "either" }))
      ),
      pageHandler: ({ values }) => {
        expectTypeOf(values).toEqualTypeOf<
          ReadonlyArray<Either.Either<RecordDecoder.Decoded<{ readonly id: string }>, KinesisError.DecodeError>>
        >()
        return Effect.void
      }
    })
    expectTypeOf(paged).toEqualTypeOf<Effect.Effect<Consumer.Summary, Consumer.ConsumerError, Audit | Services>>()
    expectTypeOf<Parameters<NonNullable<Consumer.Options["handler"]>>[0]>().toEqualTypeOf<KinesisRecord.KinesisRecord>()
  })

  it("a decoder is a function of streams as well", () => {
    expectTypeOf(RecordDecoder.json(Order)).toEqualTypeOf<
      RecordDecoder.Decoder<RecordDecoder.Decoded<{ readonly id: string }>, KinesisError.DecodeError>
    >()
    expectTypeOf(RecordDecoder.json(Order, { onInvalid: "skip" })).toEqualTypeOf<
      RecordDecoder.Decoder<RecordDecoder.Decoded<{ readonly id: string }>>
    >()
    const records = Stream.empty as Stream.Stream<KinesisRecord.KinesisRecord, OutOfStock, Stock>
    expectTypeOf(
      records.pipe(RecordDecoder.gzip({ onInvalid: "skip" }), RecordDecoder.json(Priced, { onInvalid: () => Queue }))
    ).toEqualTypeOf<Stream.Stream<RecordDecoder.Decoded<number>, OutOfStock, Stock | Prices | Queue>>()
  })

  it("a reader needs what its onEvent needs", () => {
    const options = { stream: "orders", from: "latest", onEvent: note } as const
    expectTypeOf(KinesisStream.records(options)).toEqualTypeOf<
      Stream.Stream<KinesisRecord.KinesisRecord, KinesisError.KinesisError, KinesisClient.KinesisClient | Audit>
    >()
    expectTypeOf(ShardReader.records({ ...options, shardId: "shardId-000000000000" })).toEqualTypeOf<
      Stream.Stream<KinesisRecord.KinesisRecord, KinesisError.KinesisError, KinesisClient.KinesisClient | Audit>
    >()
    expectTypeOf<Stream.Stream.Context<ReturnType<typeof KinesisStream.shards<Audit>>>>().toEqualTypeOf<
      KinesisClient.KinesisClient | Audit
    >()
  })
})
