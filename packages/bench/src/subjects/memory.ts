import { GetRecordsCommand, KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { KinesisClient } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { MeasureOnce } from "../measure.js"

interface Argument {
  readonly url: string
  readonly stream: string
  readonly protocol: "json" | "cbor"
  readonly recordMemory: "shared" | "own"
}

const keepEvery = 1_000
const pages = 80
const kept: Array<unknown> = []

/** After the records that were read are gone. */
const held = async (): Promise<number> => {
  for (let time = 0; time < 5; time++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    globalThis.gc!()
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const connection = (url: string) => ({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" }
})

const shardId = "shardId-000000000000"

const bySdk = (argument: Argument) => {
  const sdk = new SdkClient({ ...connection(argument.url), requestHandler: new NodeHttpHandler() })
  return async () => {
    const { Records = [] } = await sdk.send(new GetRecordsCommand({ ShardIterator: argument.stream }))
    return Records
  }
}

const byClient = ({ protocol, recordMemory, stream, url }: Argument) => {
  const runtime = ManagedRuntime.make(KinesisClient.layer({ ...connection(url), protocol, recordMemory }))
  const read = Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) => client.getRecords({ stream, shardId, shardIterator: stream })
  )
  return async () => (await runtime.runPromise(read)).records
}

/** The memory per record of a program that keeps one in a thousand. */
export const once: MeasureOnce = async (name, argument: Argument) => {
  const read: () => Promise<ReadonlyArray<unknown>> = name === "sdk" ? bySdk(argument) : byClient(argument)
  for (let warmUp = 0; warmUp < 10; warmUp++) await read()
  const before = await held()
  let seen = 0
  for (let page = 0; page < pages; page++) {
    for (const record of await read()) if (seen++ % keepEvery === 0) kept.push(record)
  }
  return { bytesPerRecord: ((await held()) - before) / kept.length }
}
