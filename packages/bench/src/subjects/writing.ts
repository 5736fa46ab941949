import { KinesisClient as SdkClient, PutRecordsCommand } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { KinesisClient, Producer } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { MakeSubject, Subject } from "../measure.js"
import { partitionKey, payload } from "../server/pages.js"
import { had } from "./cpu.js"
import { connection } from "./reading.js"

/** Where to write, and what. */
export interface Argument {
  readonly url: string
  readonly protocol: "json" | "cbor"
  /** How many records a request has. */
  readonly records: number
  /** How many bytes a record has. */
  readonly bytes: number
}

/** How many requests are under way at a time. */
const underWay = 4

const stream = "orders"

interface Entry {
  readonly partitionKey: string
  readonly data: Uint8Array
}

const entriesOf = ({ bytes, records }: Argument): ReadonlyArray<Entry> =>
  Array.from({ length: records }, (_, index) => ({ partitionKey: partitionKey(index), data: payload(index, bytes) }))

/** The server answers by its path how many records were written. */
const endpointOf = ({ records, url }: Argument): string => `${url}/${records}`

const lanes = Array.from({ length: underWay }, (_, lane) => lane)

/** The loop that everyone writes: records become entries, are sent, and the refusals are looked at. */
const sdk = (argument: Argument): Subject => {
  const entries = entriesOf(argument)
  const client = new SdkClient({
    ...connection(endpointOf(argument)),
    requestHandler: new NodeHttpHandler({ httpAgent: { keepAlive: true } })
  })
  const write = async (): Promise<number> => {
    const Records = entries.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }))
    const output = await client.send(new PutRecordsCommand({ StreamName: stream, Records }))
    if (output.FailedRecordCount! > 0) throw new Error(`${output.FailedRecordCount} records were refused`)
    return output.Records!.length
  }
  return async (millis) => {
    const isOver = had(millis)
    let units = 0
    await Promise.all(lanes.map(async () => {
      while (!isOver()) {
        const written = await write()
        units += written
      }
    }))
    return units
  }
}

const client = (argument: Argument): Subject => {
  const records = entriesOf(argument)
  const { protocol } = argument
  const runtime = ManagedRuntime.make(KinesisClient.layer({ ...connection(endpointOf(argument)), protocol }))
  return (millis) =>
    runtime.runPromise(Effect.gen(function*() {
      const client = yield* KinesisClient.KinesisClient
      const isOver = had(millis)
      let units = 0
      const write = Effect.gen(function*() {
        while (!isOver()) {
          const { failedRecordCount, records: results } = yield* client.putRecords({ stream, records })
          if (failedRecordCount > 0) return yield* Effect.dieMessage(`${failedRecordCount} records were refused`)
          units += results.length
        }
      })
      yield* Effect.forEach(lanes, () => write, { concurrency: "unbounded", discard: true })
      return units
    }))
}

class Orders extends Producer.Tag<Orders>()("Orders") {}

/** How many records the producer is given at once. */
const batch = 10_000

/** Faster than any server answers, so that what is measured is the work and not the pace. */
const pace: Producer.PaceOptions = { records: 1e9, bytes: 1e12 }

const byProducer = (argument: Argument, aggregate: boolean): Subject => {
  const { protocol, url } = argument
  const records = entriesOf({ ...argument, records: batch })
  const endpoint = `${url}/counted`
  const orders = Orders.layer({ stream, aggregate, pace, maxInFlight: underWay })
  const runtime = ManagedRuntime.make(
    Layer.provide(orders, KinesisClient.layer({ ...connection(endpoint), protocol }))
  )
  return (millis) =>
    runtime.runPromise(Effect.gen(function*() {
      const orders = yield* Orders
      const isOver = had(millis)
      let units = 0
      while (!isOver()) {
        const receipts = yield* orders.putAll(records)
        units += receipts.length
      }
      return units
    }))
}

const subjects: Record<string, (argument: Argument) => Subject> = {
  sdk,
  client,
  producer: (argument) => byProducer(argument, false),
  aggregating: (argument) => byProducer(argument, true)
}

export const make: MakeSubject = async (name, argument: Argument) => subjects[name]!(argument)
