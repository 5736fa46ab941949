import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { Clock, Effect, type Fiber, Stream } from "effect"
import { KinesisClient, type KinesisEvent, type Page } from "effect-kinesis"

const encoder = new TextEncoder()

/** Runs a test against an in-memory Kinesis of its own, with its client and knobs, in virtual time. */
export const withKinesis = <A, E, R>(
  options: LocalKinesis.Options,
  test: (
    kinesis: { readonly client: KinesisClient.Service; readonly local: LocalKinesis.Service }
  ) => Effect.Effect<A, E, R>
) =>
  VirtualTime.run(Effect.flatMap(
    LocalKinesis.make(options),
    (kinesis) => Effect.provideService(test(kinesis), KinesisClient.KinesisClient, kinesis.client)
  ))

export const oneShard: LocalKinesis.Options = { streams: [{ name: "orders" }] }
export const shard0 = "shardId-000000000000"
export const shardName = (index: number): string => `shardId-${String(index).padStart(12, "0")}`
export const maxHashKey = 2n ** 128n - 1n

/** A hash key inside the nth of so many equal shards. */
export const hashKeyOf = (shard: number, shards: number): string =>
  String((maxHashKey * BigInt(2 * shard + 1)) / BigInt(2 * shards))

/** Writes records whose data are the given texts, in order, and gives their sequence numbers. */
export const put = (
  client: KinesisClient.Service,
  texts: ReadonlyArray<string>,
  options: { readonly stream?: string; readonly partitionKey?: string; readonly explicitHashKey?: string } = {}
) =>
  Effect.forEach(texts, (text) =>
    Effect.map(
      client.putRecord({
        stream: options.stream ?? "orders",
        data: encoder.encode(text),
        partitionKey: options.partitionKey ?? text,
        explicitHashKey: options.explicitHashKey
      }),
      (answer) => answer.sequenceNumber
    ))

export const numbered = (prefix: string, from: number, to: number): ReadonlyArray<string> =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}${from + i}`)

const decoder = new TextDecoder()

export const textsOf = (pages: ReadonlyArray<Page.Page>): ReadonlyArray<string> =>
  pages.flatMap((page) => page.records.map((record) => decoder.decode(record.data)))

export interface Reading<E> {
  readonly pages: Array<Page.Page>
  /** When each page was handed on. */
  readonly at: Array<number>
  readonly fiber: Fiber.RuntimeFiber<void, E>
  readonly texts: () => ReadonlyArray<string>
}

/** Reads in the background, keeping what comes. `handle` stands for the user's own work on each page. */
export const read = <E, R>(
  pages: Stream.Stream<Page.Page, E, R>,
  handle: (page: Page.Page) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<Reading<E>, never, R> =>
  Effect.suspend(() => {
    const seen: Array<Page.Page> = []
    const at: Array<number> = []
    return Stream.runForEach(pages, (page) =>
      Effect.zipRight(
        Effect.map(Clock.currentTimeMillis, (now) => {
          seen.push(page)
          at.push(now)
        }),
        handle(page)
      )).pipe(
        Effect.fork,
        Effect.map((fiber) => ({ pages: seen, at, fiber, texts: () => textsOf(seen) }))
      )
  })

/** An event callback that keeps what it is told. */
export const recording = () => {
  const events: Array<KinesisEvent.KinesisEvent> = []
  return {
    events,
    onEvent: (event: KinesisEvent.KinesisEvent) => Effect.sync(() => void events.push(event)),
    of: <Tag extends KinesisEvent.KinesisEvent["_tag"]>(tag: Tag) =>
      events.filter((event): event is Extract<KinesisEvent.KinesisEvent, { _tag: Tag }> => event._tag === tag)
  }
}

/** The requests of one operation that reached the service, with their time. */
export const callsOf = <O extends KinesisClient.Operation>(
  local: LocalKinesis.Service,
  operation: O,
  shardId?: string
) =>
  Effect.map(local.calls, (calls) =>
    calls
      .filter((call) => call.operation === operation && (shardId === undefined || call.shardId === shardId))
      .map((call) => ({
        at: call.at,
        outcome: call.outcome,
        request: call.request as Parameters<KinesisClient.Service[O]>[0]
      })))
