import type { LocalKinesis } from "@effect-kinesis/local"
import { Array, Effect } from "effect"
import { Producer, type ProducerEvent } from "effect-kinesis"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const record = (text: string, partitionKey = text, explicitHashKey?: string) => ({
  data: encoder.encode(text),
  partitionKey,
  explicitHashKey
})

export const records = (count: number, prefix = "r"): ReadonlyArray<ReturnType<typeof record>> =>
  Array.makeBy(count, (index) => record(`${prefix}${index}`))

/** What was written, shard by shard. */
export const textsIn = (local: LocalKinesis.Service) =>
  Effect.map(local.records("orders"), (all) => all.map(({ data }) => decoder.decode(data)))

/** The calls that write. */
export const writes = (local: LocalKinesis.Service) =>
  Effect.map(
    local.calls,
    (calls) => calls.filter(({ operation }) => operation === "putRecords" || operation === "putRecord")
  )

/** A producer of the stream "orders". */
export const made = (options: Partial<Producer.Options> = {}) => Producer.make({ stream: "orders", ...options })

/** The same, with the events that it emits. */
export const watched = (options: Partial<Producer.Options> = {}) => {
  const events: Array<ProducerEvent.ProducerEvent> = []
  const onEvent = (event: ProducerEvent.ProducerEvent) => Effect.sync(() => void events.push(event))
  return Effect.map(made({ onEvent, ...options }), (producer) => ({ producer, events }))
}

export const four: LocalKinesis.Options = { streams: [{ name: "orders", shardCount: 4 }], latency: 20 }
