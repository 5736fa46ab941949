/** What users' effects can fail with and need is in the types of what is made of them: `npm run check` judges. */
import { describe, it } from "@effect/vitest"
import { Context, Data, Effect, type Either, Option, Schedule, Schema, type Scope, Stream } from "effect"
import {
  Consumer,
  FailurePolicy,
  type KinesisApi,
  type KinesisClient,
  type KinesisError,
  type KinesisEvent,
  type KinesisRecord,
  KinesisStream,
  type LeaseStore,
  type Page,
  RecordDecoder,
  RecordEncoder,
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

const Standard: RecordDecoder.StandardSchema<number> = {
  "~standard": { version: 1, vendor: "tests", validate: () => ({ value: 1 }) }
}

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

  it("a schema is no decoder, and no consumer takes it for one", () => {
    const handler = () => Effect.void
    // @ts-expect-error: `decodeRecord` is missing, which a `Decoder` has
    void Consumer.run({ ...group, decode: Order, handler })
    // @ts-expect-error: the same
    void Consumer.make({ ...group, decode: Order, handler })
    expectTypeOf<NonNullable<Consumer.Options["decode"]>>().toEqualTypeOf<RecordDecoder.Decoder<never, never, never>>()
    expectTypeOf(Consumer.run({ ...group, decode: undefined, handler })).toEqualTypeOf(
      Consumer.run({ ...group, handler })
    )
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

  it("onInvalid is given a DecodeError that need not be annotated, in every decoder; what it fails with and needs is inferred", () => {
    class Full extends Data.TaggedError("Full") {}
    const send = (error: KinesisError.DecodeError) =>
      Effect.flatMap(Queue, (queue) => queue.push(error) > 10 ? new Full() : Effect.void)
    type Sent<A> = RecordDecoder.Decoder<A, Full, Queue>
    type Id = RecordDecoder.Decoded<{ readonly id: string }>
    type Text = RecordDecoder.Decoded<string>
    type Event = RecordDecoder.Decoded<RecordDecoder.LogEvent>
    type Bytes = KinesisRecord.KinesisRecord
    expectTypeOf(RecordDecoder.utf8({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Text>>()
    expectTypeOf(RecordDecoder.json(Order, { onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Id>>()
    expectTypeOf(RecordDecoder.ndjson(Order, { onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Id>>()
    expectTypeOf(RecordDecoder.jsonSequence(Order, { onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Id>>()
    expectTypeOf(RecordDecoder.auto(Order, { onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Id>>()
    expectTypeOf(RecordDecoder.cloudWatchLogs({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Event>>()
    expectTypeOf(RecordDecoder.gzip({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Bytes>>()
    expectTypeOf(RecordDecoder.zlib({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Bytes>>()
    expectTypeOf(RecordDecoder.deflate({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Bytes>>()
    expectTypeOf(RecordDecoder.zstd({ onInvalid: (error) => send(error) })).toEqualTypeOf<Sent<Bytes>>()
    RecordDecoder.json(Order, {
      parse: RecordDecoder.exactJson,
      onInvalid: (error) => {
        expectTypeOf(error).toEqualTypeOf<KinesisError.DecodeError>()
        return Effect.void
      }
    })
    expectTypeOf(RecordDecoder.gzip({ maxInflatedBytes: 1, onInvalid: ({ data }) => Effect.succeed(data) }))
      .toEqualTypeOf<RecordDecoder.Decoder<Bytes>>()
    expectTypeOf(RecordDecoder.json(Priced, { onInvalid: (error) => send(error) })).toEqualTypeOf<
      RecordDecoder.Decoder<RecordDecoder.Decoded<number>, Full, Prices | Queue>
    >()
    expectTypeOf(RecordDecoder.json(Standard, { onInvalid: (error) => send(error) })).toEqualTypeOf<
      Sent<RecordDecoder.Decoded<number>>
    >()
    expectTypeOf(RecordDecoder.json(Order, { onInvalid: send })).toEqualTypeOf<Sent<Id>>()
    expectTypeOf(RecordDecoder.json(Order, { onInvalid: () => Queue })).toEqualTypeOf<
      RecordDecoder.Decoder<Id, never, Queue>
    >()
  })

  it("onInvalid in words, in every decoder", () => {
    type Id = RecordDecoder.Decoded<{ readonly id: string }>
    type Text = RecordDecoder.Decoded<string>
    type Bytes = KinesisRecord.KinesisRecord
    type Invalid = KinesisError.DecodeError
    for (const bySchema of [RecordDecoder.json, RecordDecoder.ndjson, RecordDecoder.jsonSequence, RecordDecoder.auto]) {
      expectTypeOf(bySchema(Order)).toEqualTypeOf<RecordDecoder.Decoder<Id, Invalid>>()
      expectTypeOf(bySchema(Order, {})).toEqualTypeOf<RecordDecoder.Decoder<Id, Invalid>>()
      expectTypeOf(bySchema(Order, { onInvalid: "fail" })).toEqualTypeOf<RecordDecoder.Decoder<Id, Invalid>>()
      expectTypeOf(bySchema(Order, { onInvalid: "skip" })).toEqualTypeOf<RecordDecoder.Decoder<Id>>()
      expectTypeOf(bySchema(Order, { onInvalid: "either" })).toEqualTypeOf<
        RecordDecoder.Decoder<Either.Either<Id, Invalid>>
      >()
      expectTypeOf(bySchema(Priced, { onInvalid: "skip" })).toEqualTypeOf<
        RecordDecoder.Decoder<RecordDecoder.Decoded<number>, never, Prices>
      >()
      expectTypeOf(bySchema(Standard, { onInvalid: "skip" })).toEqualTypeOf<
        RecordDecoder.Decoder<RecordDecoder.Decoded<number>>
      >()
      // @ts-expect-error "ignore" is none of the words
      bySchema(Order, { onInvalid: "ignore" })
      // @ts-expect-error not a schema
      bySchema({ id: "string" })
    }
    expectTypeOf(RecordDecoder.utf8()).toEqualTypeOf<RecordDecoder.Decoder<Text, Invalid>>()
    expectTypeOf(RecordDecoder.utf8({ onInvalid: "skip" })).toEqualTypeOf<RecordDecoder.Decoder<Text>>()
    expectTypeOf(RecordDecoder.utf8({ onInvalid: "either" })).toEqualTypeOf<
      RecordDecoder.Decoder<Either.Either<Text, Invalid>>
    >()
    // @ts-expect-error "ignore" is none of the words
    RecordDecoder.utf8({ onInvalid: "ignore" })
    expectTypeOf(RecordDecoder.cloudWatchLogs({ onInvalid: "either" })).toEqualTypeOf<
      RecordDecoder.Decoder<Either.Either<RecordDecoder.Decoded<RecordDecoder.LogEvent>, Invalid>>
    >()
    // @ts-expect-error "ignore" is none of the words
    RecordDecoder.cloudWatchLogs({ onInvalid: "ignore" })
    for (const inflate of [RecordDecoder.gzip, RecordDecoder.zlib, RecordDecoder.deflate, RecordDecoder.zstd]) {
      expectTypeOf(inflate()).toEqualTypeOf<RecordDecoder.Decoder<Bytes, Invalid>>()
      expectTypeOf(inflate({ maxInflatedBytes: 1 })).toEqualTypeOf<RecordDecoder.Decoder<Bytes, Invalid>>()
      expectTypeOf(inflate({ onInvalid: "skip" })).toEqualTypeOf<RecordDecoder.Decoder<Bytes>>()
      // @ts-expect-error what is inflated is a record, not an Either
      inflate({ onInvalid: "either" })
      // @ts-expect-error an effect must be returned
      inflate({ onInvalid: (error) => error.message })
    }
  })

  it("a word that is known when the program runs makes all types that it may", () => {
    const word = "skip" as RecordDecoder.OnInvalidWord
    const decode = RecordDecoder.json(Order, { onInvalid: word })
    type Id = RecordDecoder.Decoded<{ readonly id: string }>
    expectTypeOf(decode).toEqualTypeOf<
      RecordDecoder.Decoder<Id | Either.Either<Id, KinesisError.DecodeError>, KinesisError.DecodeError>
    >()
  })

  it("onInvalid and policies infer inline, in a consumer and in a pipe", () => {
    class Full extends Data.TaggedError("Full") {}
    const consumer = Consumer.run({
      ...group,
      decode: RecordDecoder.json(Order, {
        onInvalid: (error) => {
          expectTypeOf(error).toEqualTypeOf<KinesisError.DecodeError>()
          return Effect.flatMap(Queue, (queue) => queue.push(error) > 10 ? new Full() : Effect.void)
        }
      }),
      handler: ({ value }) => sell(value.id),
      onFailure: FailurePolicy.deadLetter((failed) => {
        expectTypeOf(failed.records).toEqualTypeOf<ReadonlyArray<KinesisRecord.KinesisRecord>>()
        return note(failed.idempotencyKey)
      })
    })
    expectTypeOf(consumer).toEqualTypeOf<
      Effect.Effect<Consumer.Summary, Consumer.ConsumerError<OutOfStock | Full>, Stock | Queue | Audit | Services>
    >()
    const policy = FailurePolicy.deadLetter((failed) => note(failed.error.message))
    expectTypeOf(policy).toEqualTypeOf<FailurePolicy.FailurePolicy<unknown, Audit>>()
    const sending = Consumer.run({ ...group, handler: () => sell("kettle"), onFailure: policy })
    expectTypeOf<Effect.Effect.Context<typeof sending>>().toEqualTypeOf<Stock | Audit | Services>()
    const records = Stream.empty as Stream.Stream<KinesisRecord.KinesisRecord, OutOfStock>
    expectTypeOf(
      records.pipe(
        RecordDecoder.gzip({ onInvalid: (error) => note(error.description) }),
        RecordDecoder.ndjson(Order, { onInvalid: (error) => note(error.line) })
      )
    ).toEqualTypeOf<Stream.Stream<RecordDecoder.Decoded<{ readonly id: string }>, OutOfStock, Audit>>()
  })

  it("pages are decoded as records are", () => {
    const pages = Stream.empty as Stream.Stream<Page.Page, OutOfStock, Stock>
    expectTypeOf(pages.pipe(RecordDecoder.pages(RecordDecoder.json(Priced)))).toEqualTypeOf<
      Stream.Stream<
        Page.DecodedPage<RecordDecoder.Decoded<number>>,
        OutOfStock | KinesisError.DecodeError,
        Stock | Prices
      >
    >()
    expectTypeOf(
      pages.pipe(RecordDecoder.pages(RecordDecoder.utf8({ onInvalid: (error) => note(error.message) })))
    ).toEqualTypeOf<Stream.Stream<Page.DecodedPage<RecordDecoder.Decoded<string>>, OutOfStock, Stock | Audit>>()
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

  it("onEvent has a name, by which a compiler calls it in place of all events", () => {
    expectTypeOf<NonNullable<KinesisStream.Options["onEvent"]>>().toEqualTypeOf<KinesisEvent.OnEvent>()
    expectTypeOf<NonNullable<Consumer.GroupOptions<Audit>["onEvent"]>>().toEqualTypeOf<KinesisEvent.OnEvent<Audit>>()
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

  it("an encoder takes the values of its schema, and needs what that needs", () => {
    class Class extends Schema.Class<Class>("Class")({ id: Schema.NumberFromString }) {}
    const encoder = RecordEncoder.json(Class, {
      partitionKey: (value) => {
        expectTypeOf(value).toEqualTypeOf<Class>()
        return String(value.id)
      },
      explicitHashKey: (value) => {
        expectTypeOf(value).toEqualTypeOf<Class>()
        return undefined
      }
    })
    expectTypeOf(encoder).toEqualTypeOf<RecordEncoder.Encoder<Class>>()
    const priced = RecordEncoder.json(Priced, { partitionKey: String })
    expectTypeOf(priced).toEqualTypeOf<RecordEncoder.Encoder<number, Prices>>()
    expectTypeOf(priced.encodeRecord(1)).toEqualTypeOf<
      | KinesisApi.PutRecordsEntry
      | KinesisError.EncodeError
      | Effect.Effect<KinesisApi.PutRecordsEntry, KinesisError.EncodeError, Prices>
    >()
    expectTypeOf(RecordEncoder.bytes).toEqualTypeOf<RecordEncoder.Encoder<KinesisApi.PutRecordsEntry>>()
    expectTypeOf(RecordEncoder.utf8({ partitionKey: undefined })).toEqualTypeOf<RecordEncoder.Encoder<string>>()
  })

  it("encoders keep both in a pipe, and contramap takes the values of its function", () => {
    const priced = RecordEncoder.json(Priced, { partitionKey: String })
    const packed = priced.pipe(RecordEncoder.gzip({ atLeast: 1024 }), RecordEncoder.zstd())
    expectTypeOf(packed).toEqualTypeOf<RecordEncoder.Encoder<number, Prices>>()
    const mapped = priced.pipe(RecordEncoder.contramap((item: { readonly price: number }) => item.price))
    expectTypeOf(mapped).toEqualTypeOf<RecordEncoder.Encoder<{ readonly price: number }, Prices>>()
    // @ts-expect-error: the encoder takes numbers, the function makes a string
    void priced.pipe(RecordEncoder.contramap((text: string) => text))
    const wider: RecordEncoder.Encoder<{ readonly id: string; readonly more: number }> = RecordEncoder.json(Order, {
      partitionKey: ({ id }) => id
    })
    void wider
  })

  it("an encoder asks for a partition key, or to be told that there is none", () => {
    // @ts-expect-error: `partitionKey` is missing
    void RecordEncoder.json(Order, {})
    // @ts-expect-error: the same
    void RecordEncoder.utf8()
    void RecordEncoder.json(Order, { partitionKey: undefined })
    // @ts-expect-error: a key is a string
    void RecordEncoder.json(Order, { partitionKey: () => 7 })
    // @ts-expect-error: a schema of another library only decodes
    void RecordEncoder.json(Standard, { partitionKey: String })
  })
})
