import { KinesisClient as SdkClient, SubscribeToShardCommand } from "@aws-sdk/client-kinesis"
import { KinesisClient, Position } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import type { MakeSubject, MeasureOnce, Subject } from "../measure.js"
import { had } from "./cpu.js"
import { connection } from "./reading.js"

/** Where to subscribe, and to what. */
export interface Argument {
  readonly url: string
  readonly shardId: string
  /** Whether the work is to subscribe: then a subscription ends by itself. */
  readonly renews?: boolean
}

const consumerArn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1763942400"

/** Takes the events of a subscription until it is enough: `take` is given how many records one has, and says so. */
type Subscribe = (take: (records: number) => boolean) => Promise<void>

/** The loop that everyone writes, with the client as it comes. */
const bySdk = ({ shardId, url }: Argument): Subscribe => {
  const sdk = new SdkClient({ ...connection(url), maxAttempts: 1 })
  return async (take) => {
    const controller = new AbortController()
    const input = { ConsumerARN: consumerArn, ShardId: shardId, StartingPosition: { Type: "TRIM_HORIZON" } } as const
    const { EventStream } = await sdk.send(new SubscribeToShardCommand(input), { abortSignal: controller.signal })
    for await (const { SubscribeToShardEvent: event } of EventStream!) {
      if (event !== undefined && take(event.Records!.length)) break
    }
    controller.abort()
  }
}

const byClient = ({ shardId, url }: Argument): Subscribe => {
  const runtime = ManagedRuntime.make(KinesisClient.layer(connection(url)))
  const request = { stream: "orders", consumerArn, shardId, position: Position.trimHorizon }
  return (take) =>
    runtime.runPromise(
      Effect.gen(function*() {
        const client = yield* KinesisClient.KinesisClient
        const { announced, event } = yield* client.subscribeToShard(request)
        for (;;) {
          yield* announced
          if (take((yield* event).records.length)) return
        }
      }).pipe(
        Effect.scoped,
        Effect.catchAll((error) => Option.isOption(error) && Option.isNone(error) ? Effect.void : Effect.die(error))
      )
    )
}

const ways: Record<string, (argument: Argument) => Subscribe> = { sdk: bySdk, client: byClient }

/** Counts the records, or the subscriptions. */
const subject = (subscribe: Subscribe, renews: boolean): Subject => async (millis) => {
  const isOver = had(millis)
  let units = 0
  while (!isOver()) {
    await subscribe((records) => {
      units += renews ? 1 : records
      return !renews && isOver()
    })
  }
  return units
}

export const make: MakeSubject = async (name, argument: Argument) =>
  subject(ways[name]!(argument), argument.renews ?? false)

/** What is measured once: many subscriptions, or how much one brings. */
export interface OnceArgument extends Argument {
  readonly way: string
  readonly subscriptions?: number
  readonly wallMillis?: number
  readonly recordBytes?: number
}

/** How much memory is in use without what is garbage, whose pages V8 gives back a collection later. The worker has `--expose-gc`. */
const collected = (): number => {
  for (let times = 0; times < 3; times++) globalThis.gc!()
  return process.memoryUsage().rss
}

/** Opens so many subscriptions, and waits for the first event of each, while the others stay. */
const opened = async ({ subscriptions, way, ...argument }: OnceArgument & { readonly subscriptions: number }) => {
  const subscribe = ways[way]!(argument)
  const before = collected()
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    let first = 0
    for (let index = 0; index < subscriptions; index++) {
      subscribe(() => {
        if (++first === subscriptions) resolve()
        return false
      }).catch(reject)
    }
  })
  const { system, user } = process.cpuUsage(cpu)
  return {
    wallMillis: performance.now() - startedAt,
    cpuMillis: (user + system) / 1000 / subscriptions,
    megabytes: (collected() - before) / 1024 / 1024
  }
}

/** How many megabytes of records come in a second. */
const rate = async (
  { recordBytes = 0, wallMillis, way, ...argument }: OnceArgument & { readonly wallMillis: number }
) => {
  let startedAt = 0
  let bytes = 0
  await ways[way]!(argument)((records) => {
    if (startedAt === 0) startedAt = performance.now()
    else bytes += records * recordBytes
    return performance.now() > startedAt + wallMillis
  })
  return { megabytesASecond: bytes / 1000 / (performance.now() - startedAt) }
}

export const once: MeasureOnce = async (_, argument: OnceArgument) =>
  argument.subscriptions !== undefined
    ? await opened({ ...argument, subscriptions: argument.subscriptions })
    : await rate({ ...argument, wallMillis: argument.wallMillis ?? 0 })
