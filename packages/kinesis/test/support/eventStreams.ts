import { EventStreamCodec, type Int64 } from "@smithy/core/event-streams"

type Header =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "byte" | "short" | "integer"; readonly value: number }
  | { readonly type: "long"; readonly value: Int64 }
  | { readonly type: "binary"; readonly value: Uint8Array }
  | { readonly type: "timestamp"; readonly value: Date }
  | { readonly type: "uuid"; readonly value: string }

export type Headers = Readonly<Record<string, Header>>

/** The SDK's own: what it writes, we read. */
export const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text)
)

export const text = (value: string): Header => ({ type: "string", value })

/** A message as the SDK writes it. */
export const message = (headers: Headers, payload: string | Uint8Array = ""): Buffer =>
  Buffer.from(
    codec.encode({ headers: { ...headers }, body: typeof payload === "string" ? Buffer.from(payload) : payload })
  )

const ofEvent = (type: string): Headers => ({
  ":event-type": text(type),
  ":content-type": text("application/x-amz-json-1.1"),
  ":message-type": text("event")
})

export const accepted = message(ofEvent("initial-response"), "{}")

export const eventOf = (payload: string | Uint8Array, type = "SubscribeToShardEvent"): Buffer =>
  message(ofEvent(type), payload)

export interface Written {
  readonly number: number
  readonly bytes: Uint8Array
}

/** The payload of an event, laid out as AWS does it. */
export const payloadOf = (
  records: ReadonlyArray<Written>,
  { behind = 0, continuation = "49590338271490256608559692538361571095921575989136588898" }: {
    readonly behind?: number
    readonly continuation?: string
  } = {}
): string =>
  JSON.stringify({
    ContinuationSequenceNumber: continuation,
    MillisBehindLatest: behind,
    Records: records.map(({ bytes, number }) => ({
      ApproximateArrivalTimestamp: 1_763_942_400.123,
      Data: Buffer.from(bytes).toString("base64"),
      PartitionKey: `key-${number}`,
      SequenceNumber: String(number)
    }))
  })

/** An event with records of these numbers. */
export const event = (numbers: ReadonlyArray<number>, size = 16): Buffer =>
  eventOf(payloadOf(numbers.map((number) => ({ number, bytes: Buffer.alloc(size, number) }))))

export const emptyEvent = event([])

/** The last event of a closed shard. */
export const lastEvent = eventOf(JSON.stringify({
  ChildShards: ["shardId-000000000001", "shardId-000000000002"].map((ShardId) => ({
    HashKeyRange: { EndingHashKey: "9", StartingHashKey: "0" },
    ParentShards: ["shardId-000000000000"],
    ShardId
  })),
  MillisBehindLatest: 0,
  Records: []
}))

export const exception = (name: string, said: string): Buffer =>
  message({
    ":exception-type": text(name),
    ":content-type": text("application/x-amz-json-1.1"),
    ":message-type": text("exception")
  }, JSON.stringify({ message: said }))

export const failure = (code: string, said: string): Buffer =>
  message({ ":message-type": text("error"), ":error-code": text(code), ":error-message": text(said) })
