import { LocalKinesis, LocalLeaseStore, VirtualTime } from "@effect-kinesis/local"
import { Clock, Effect, Fiber, TestClock } from "effect"
import {
  Consumer,
  type FailurePolicy,
  KinesisClient,
  type KinesisError,
  type KinesisEvent,
  type KinesisRecord,
  LeaseStore
} from "effect-kinesis"

/** Kinesis and a lease table of a test's own, with their knobs. Time is virtual. */
export interface World {
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
  readonly store: LeaseStore.Service
  readonly leases: LocalLeaseStore.Service
}

export const withGroup = <A, E, R>(
  options: LocalKinesis.Options,
  test: (world: World) => Effect.Effect<A, E, R>
): Effect.Effect<
  A,
  E | VirtualTime.Stuck | VirtualTime.Endless,
  Exclude<Exclude<R, KinesisClient.KinesisClient>, LeaseStore.LeaseStore>
> =>
  VirtualTime.run(Effect.gen(function*() {
    const kinesis = yield* LocalKinesis.make(options)
    const table = yield* LocalLeaseStore.make()
    return yield* test({ ...kinesis, store: table.store, leases: table.local }).pipe(
      Effect.provideService(KinesisClient.KinesisClient, kinesis.client),
      Effect.provideService(LeaseStore.LeaseStore, table.store)
    )
  }))

export const application = "billing"

/** What a worker was given, and what happened to it. */
export interface Running<E> {
  readonly fiber: Fiber.RuntimeFiber<Consumer.Summary, E>
  readonly handled: Array<
    { readonly text: string; readonly shardId: string; readonly at: number; readonly token: number }
  >
  readonly events: Array<KinesisEvent.KinesisEvent & { readonly at: number }>
  readonly texts: () => ReadonlyArray<string>
  readonly of: <Tag extends KinesisEvent.KinesisEvent["_tag"]>(
    tag: Tag
  ) => ReadonlyArray<Extract<KinesisEvent.KinesisEvent, { readonly _tag: Tag }> & { readonly at: number }>
}

const decoder = new TextDecoder()

export const textOf = (record: KinesisRecord.KinesisRecord): string => decoder.decode(record.data)

/** Runs a worker in the background, whose handler notes the records it was given, then does what it is told to. */
export const run = <E = never>(
  options: Partial<Consumer.GroupOptions> & {
    readonly concurrency?: number
    readonly onFailure?: FailurePolicy.FailurePolicy
    readonly handle?: (record: KinesisRecord.KinesisRecord) => Effect.Effect<unknown, E>
    /** Outlives the test: for a worker that is killed. */
    readonly detached?: boolean
  } = {}
) =>
  Effect.gen(function*() {
    const { detached = false, handle = () => Effect.void, ...rest } = options
    const handled: Running<never>["handled"] = []
    const events: Running<never>["events"] = []
    const fiber = yield* (detached ? Effect.forkDaemon : Effect.fork)(Consumer.run({
      application,
      stream: "orders",
      from: "trim-horizon",
      onEvent: (event) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          events.push({ ...event, at })
        }),
      ...rest,
      handler: (record, shard) =>
        Effect.gen(function*() {
          yield* handle(record)
          handled.push({
            text: textOf(record),
            shardId: shard.shardId,
            at: yield* Clock.currentTimeMillis,
            token: shard.fencingToken
          })
        })
    }))
    const running: Running<Consumer.ConsumerError<E>> = {
      fiber,
      handled,
      events,
      texts: () => handled.map(({ text }) => text),
      of: (tag) => events.filter((event) => event._tag === tag) as never
    }
    return running
  })

export const stop = <E>({ fiber }: Running<E>) => Fiber.interrupt(fiber)

/** Both services as one process sees them, until it is killed: then no call is answered any more, and none takes effect. */
export const mortal = (world: World) => {
  let isDead = false
  const alive = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => isDead ? Effect.never : Effect.filterOrElse(call, () => !isDead, () => Effect.never))
  const wrap = <S extends object>(service: S): S =>
    Object.fromEntries(
      Object.entries(service).map(([name, member]) => [
        name,
        (...args: ReadonlyArray<unknown>) => alive(member(...args) as Effect.Effect<unknown>)
      ])
    ) as S
  return {
    kill: () => {
      isDead = true
    },
    isDead: () => isDead,
    provide: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provideService(KinesisClient.KinesisClient, wrap(world.client)),
        Effect.provideService(LeaseStore.LeaseStore, {
          open: (application) =>
            alive(
              Effect.map(
                world.store.open(application),
                (leases) => LeaseStore.mapCalls(leases, (_, call) => alive(call))
              )
            )
        })
      )
  }
}

/** Moves the clock in steps until it holds, or dies. */
export const eventually = (
  what: string,
  holds: () => boolean | Effect.Effect<boolean, KinesisError.KinesisError>,
  within = 60_000,
  step = 250
): Effect.Effect<void, KinesisError.KinesisError> =>
  Effect.gen(function*() {
    for (let passed = 0; passed <= within; passed += step) {
      const answer = holds()
      if (typeof answer === "boolean" ? answer : yield* answer) return
      yield* TestClock.adjust(step)
    }
    return yield* Effect.dieMessage(`not in ${within} ms: ${what}`)
  })
