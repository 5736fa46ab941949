import {
  type _Record as SdkRecord,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient as SdkClient
} from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { addExtension, decode as decodeCbor } from "cbor-x"
import { KinesisClient, KinesisStream, ShardReader } from "effect-kinesis"
import type { GetRecordsResponse } from "effect-kinesis/KinesisApi"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import type { MakeSubject, Subject } from "../measure.js"

/** Where to read, and how. */
export interface Argument {
  readonly url: string
  readonly stream: string
  readonly protocol: "json" | "cbor"
}

export const connection = (url: string) => ({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" }
})

const shardId = "shardId-000000000000"

/** Calls until the time is over; counts the records, or the calls where pages are empty. */
const loop = async (millis: number, call: () => Promise<number>): Promise<number> => {
  const end = performance.now() + millis
  let units = 0
  while (performance.now() < end) units += await call()
  return units
}

const unitsOf = (records: ReadonlyArray<unknown>): number => Math.max(1, records.length)

/** The loop that everyone writes. */
export const bySdk = (
  sdk: SdkClient,
  { stream }: Argument,
  use: (records: ReadonlyArray<SdkRecord>) => void = () => {}
): Subject =>
async (millis) => {
  const { ShardIterator } = await sdk.send(
    new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: "TRIM_HORIZON" })
  )
  let iterator = ShardIterator
  return await loop(millis, async () => {
    const output = await sdk.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }))
    iterator = output.NextShardIterator
    use(output.Records!)
    return unitsOf(output.Records!)
  })
}

/** The bytes of pages, without the SDK. */
const byHttp = ({ protocol, stream, url }: Argument, use: (body: Http.IncomingMessage) => Promise<number>): Subject => {
  const transport = url.startsWith("https:") ? Https : Http
  const agent = new transport.Agent({ keepAlive: true })
  const headers = {
    "content-type": `application/x-amz-${protocol}-1.1`,
    "x-amz-target": "Kinesis_20131202.GetRecords"
  }
  const call = () =>
    new Promise<number>((resolve, reject) => {
      const request = transport.request(url, { method: "POST", agent, headers }, (body) => {
        use(body).then(resolve, reject)
      })
      request.on("error", reject)
      request.end(JSON.stringify({ ShardIterator: stream }))
    })
  return (millis) => loop(millis, call)
}

const collected = (body: Http.IncomingMessage): Promise<Buffer> =>
  new Promise((resolve) => {
    const pieces: Array<Buffer> = []
    body.on("data", (piece: Buffer) => pieces.push(piece))
    body.on("end", () => resolve(Buffer.concat(pieces)))
  })

addExtension({ tag: 1, decode: (millis: number | bigint) => new Date(Number(millis)) } as never)

const generic = ({ protocol }: Argument) => async (body: Http.IncomingMessage): Promise<number> => {
  const bytes = await collected(body)
  const { Records } = protocol === "cbor" ? decodeCbor(bytes) : JSON.parse(bytes.toString())
  if (protocol === "json") { for (const record of Records) record.Data = Buffer.from(record.Data, "base64") }
  return unitsOf(Records)
}

/** As many units as the page would have given. */
const thrownAway = (units: number) => (body: Http.IncomingMessage): Promise<number> =>
  new Promise((resolve) => {
    body.on("data", () => {})
    body.on("end", () => resolve(units))
  })

/** Longer waits are deadlines. */
const longestPause = 5_000

/** A clock that jumps over the waits between two reads, so that only the cost of a page remains. Deadlines still apply. */
const withoutPacing = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    let jumped = 0
    const millis = () => clock.unsafeCurrentTimeMillis() + jumped
    const nanos = () => clock.unsafeCurrentTimeNanos() + BigInt(Math.round(jumped * 1e6))
    return Effect.withClock(effect, {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) => {
        const pause = Duration.toMillis(duration)
        return pause > longestPause ? clock.sleep(duration) : Effect.sync(() => {
          jumped += pause
        })
      }
    } as Clock.Clock)
  })

export const ours = (
  { protocol, url }: Argument,
  program: (end: number) => Effect.Effect<number, unknown, KinesisClient.KinesisClient>
): Subject => {
  const runtime = ManagedRuntime.make(KinesisClient.layer({ ...connection(url), protocol }))
  return (millis) => runtime.runPromise(withoutPacing(Effect.suspend(() => program(performance.now() + millis))))
}

const byClient = (argument: Argument): Subject =>
  ours(argument, (end) =>
    Effect.gen(function*() {
      const client = yield* KinesisClient.KinesisClient
      const { stream } = argument
      const position = { _tag: "TrimHorizon" } as const
      let shardIterator: string | undefined
      shardIterator = (yield* client.getShardIterator({ stream, shardId, position })).shardIterator
      let units = 0
      while (performance.now() < end) {
        const page: GetRecordsResponse = yield* client.getRecords({ stream, shardId, shardIterator: shardIterator! })
        shardIterator = page.nextShardIterator
        units += unitsOf(page.records)
      }
      return units
    }))

export const options = ({ stream }: Argument) =>
  ({ stream, from: "trim-horizon", pollInterval: 0, idleInterval: 0 }) as const

/** Reads until the time is over, adding up what each chunk brings. */
export const counted = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  end: number,
  units: (chunk: Chunk.Chunk<A>) => number
) =>
  Effect.suspend(() => {
    let sum = 0
    const count = (chunk: Chunk.Chunk<A>) => {
      sum += units(chunk)
      return performance.now() < end ? Effect.void : Effect.fail("over" as const)
    }
    return Effect.catchIf(Stream.runForEachChunk(stream, count), (error) => error === "over", () => Effect.void).pipe(
      Effect.map(() => sum)
    )
  })

const unitsOfPages = (pages: Chunk.Chunk<{ readonly records: ReadonlyArray<unknown> }>): number =>
  Chunk.reduce(pages, 0, (sum, page) => sum + unitsOf(page.records))

const subjects: Record<string, (argument: Argument) => Subject> = {
  sdk: (argument) => bySdk(new SdkClient(connection(argument.url)), argument),
  sdkTuned: (argument) =>
    bySdk(
      new SdkClient({
        ...connection(argument.url),
        requestHandler: new NodeHttpHandler({ httpAgent: { keepAlive: true }, httpsAgent: { keepAlive: true } }),
        logger: { warn() {}, error() {}, debug() {}, trace() {} } as never
      }),
      argument
    ),
  client: byClient,
  pages: (argument) => ours(argument, (end) => counted(KinesisStream.pages(options(argument)), end, unitsOfPages)),
  shard: (argument) =>
    ours(argument, (end) => counted(ShardReader.pages({ ...options(argument), shardId }), end, unitsOfPages)),
  records: (argument) => ours(argument, (end) => counted(KinesisStream.records(options(argument)), end, Chunk.size)),
  generic: (argument) => byHttp(argument, generic(argument)),
  thrownAway: (argument) => byHttp(argument, thrownAway({ "page-256": 10_000 }[argument.stream] ?? 1_000))
}

export const make: MakeSubject = async (name, argument: Argument) => subjects[name]!(argument)
