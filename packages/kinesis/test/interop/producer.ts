import { LocalKinesis } from "@effect-kinesis/local"
import { type KinesisApi, Producer } from "effect-kinesis"
import * as Effect from "effect/Effect"

const keys = ["a", "customer-7", "ключ \"1\"", "🔑"]

/** Records whose data are all different, of each kind of key. */
const given: ReadonlyArray<KinesisApi.PutRecordsEntry & { readonly partitionKey: string }> = Array.from(
  { length: 1_000 },
  (_, index) => ({
    partitionKey: keys[index % keys.length]!,
    ...index % 10 === 0 && { explicitHashKey: String(2n ** 127n + BigInt(index)) },
    data: Buffer.from(`${index}`.padStart(4, "0").repeat(1 + index % 50))
  })
)

/** What a producer that aggregates makes of them, on a stream of four shards. */
export const written = (): Promise<
  {
    readonly given: typeof given
    readonly onTheWire: ReadonlyArray<{ readonly data: Uint8Array; readonly partitionKey: string }>
  }
> =>
  Effect.gen(function*() {
    const producer = yield* Producer.make({ stream: "orders", aggregate: true })
    yield* producer.putAll(given)
    const local = yield* LocalKinesis.LocalKinesis
    const records = yield* local.records("orders")
    return { given, onTheWire: records.map(({ data, partitionKey = "" }) => ({ data, partitionKey })) }
  }).pipe(
    Effect.scoped,
    Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 4 }] })),
    Effect.runPromise
  )
