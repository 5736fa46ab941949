import type * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type { Shard } from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as KinesisError from "effect-kinesis/KinesisError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Action, ReadOperation } from "./actions.js"
import type { Scenario } from "./scenario.js"
import * as Subscriptions from "./subscriptions.js"

/** The stream of every history; some fleets have another one besides. */
export const stream = "orders"
/** 2025-10-09T00:00:00Z. */
export const epoch = 1_759_968_000_000

/**
 * The number of shards that the history itself asks for when it looks at the stream, which tells its calls from the
 * reader's.
 */
export const ownListing = 9_999

/** What is noted of the stream while a history happens. */
export interface StreamNotes {
  readonly parents: { readonly set: (shardId: string, parents: ReadonlyArray<string>) => unknown }
  readonly shards: Map<string, Shard>
  readonly count: (fault: string, times?: number) => void
  readonly say: (text: () => string) => Effect.Effect<void>
}

/** The stream, as a history changes it. */
export interface StreamWorld {
  readonly stream: string
  readonly notes: StreamNotes
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
  /** How many tokens of listings are still to expire before their time. */
  readonly listTokens: { expiring: number }
  /** As which shards are subscribed to. */
  readonly consumer: string
}

export const short = (shardId: string | undefined): string =>
  shardId === undefined ? "" : ` ${Number(shardId.slice(8))}`

const faultOf = (error: { readonly _tag: string; readonly description: string }, operation: string): string =>
  error._tag === "ExpiredIterator"
    ? error.description.includes("created at time") ? "iterator older than 5 minutes" : "iterator expired early"
    : error._tag === "ServiceUnavailable"
    ? `${error.description.includes("answer was lost") ? "lost answer" : "unavailable"}: ${operation}`
    : error._tag === "ThrottledError"
    ? `throttle: ${operation}`
    : error._tag === "RequestTimeout"
    ? `hang: ${operation}`
    : error._tag === "ExpiredListToken"
    ? "listing's token expired"
    : error._tag === "ResourceNotFound"
    ? "shard gone"
    : error._tag === "InvalidArgument"
    ? "start in the server's future"
    : error._tag

/** The client that the reader gets: listings come in small pages, and what meets the reader is counted. */
export const watch = (
  { client, listTokens, notes }: Pick<StreamWorld, "client" | "listTokens" | "notes">,
  { latencyMillis, listingPage }: Pick<Scenario, "latencyMillis" | "listingPage">
): KinesisClient.Service => {
  const watched =
    <Request extends object, A extends object, E extends { readonly _tag: string; readonly description: string }>(
      operation: ReadOperation,
      call: (request: Request) => Effect.Effect<A, E>,
      onAnswer: (answer: A) => string
    ) =>
    (request: Request): Effect.Effect<A, E> =>
      Effect.flatMap(Clock.currentTimeMillis, (sentAt) =>
        Effect.tapBoth(call(request), {
          onFailure: (error) => {
            notes.count(faultOf(error, operation))
            return notes.say(() => `${operation}${short((request as { shardId?: string }).shardId)}: ${error._tag}`)
          },
          onSuccess: (answer) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => {
              if (now - sentAt > latencyMillis) notes.count(`delay: ${operation}`)
              const what = onAnswer(answer)
              return notes.say(() => `${operation}${short((request as { shardId?: string }).shardId)}: ${what}`)
            })
        }))
  return {
    ...client,
    listShards: watched(
      "listShards",
      (request: Parameters<KinesisClient.Service["listShards"]>[0]) =>
        Effect.tap(
          client.listShards({ ...request, maxResults: request.maxResults ?? listingPage }),
          () => {
            if (request.nextToken === undefined || listTokens.expiring === 0) return Effect.void
            listTokens.expiring--
            return new KinesisError.ExpiredListToken({ operation: "ListShards", description: "Too old." })
          }
        ),
      ({ nextToken, shards }) => {
        if (shards.length === 0) notes.count("answer without shards")
        seeShards(notes, shards)
        return `${shards.map((shard) => Number(shard.shardId.slice(8))).join(" ")}${
          nextToken === undefined ? "" : " …"
        }`
      }
    ),
    getShardIterator: watched("getShardIterator", client.getShardIterator, ({ shardIterator }) => {
      if (shardIterator !== undefined) return "ok"
      notes.count("answer without an iterator")
      return "no iterator"
    }),
    getRecords: watched(
      "getRecords",
      client.getRecords,
      ({ childShards, millisBehindLatest, nextShardIterator, records }) => {
        for (const { parentShards, shardId } of childShards) notes.parents.set(shardId, parentShards)
        if (millisBehindLatest === undefined) notes.count("answer that does not tell how far it is behind")
        else if (records.length === 0 && millisBehindLatest !== 0) notes.count("empty page before the tip")
        const isLacking = nextShardIterator === undefined && childShards.length === 0
        if (isLacking) notes.count("answer without a next iterator")
        return `${records.length} records, ${millisBehindLatest ?? "?"} ms behind${
          isLacking ? ", no next iterator" : nextShardIterator === undefined ? ", the end" : ""
        }`
      }
    ),
    describeStreamSummary: watched("describeStreamSummary", client.describeStreamSummary, () => "ok"),
    ...Subscriptions.watch(notes, client)
  }
}

const seeShards = (notes: StreamNotes, shards: ReadonlyArray<Shard>): void => {
  for (const shard of shards) {
    notes.shards.set(shard.shardId, shard)
    notes.parents.set(
      shard.shardId,
      [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== undefined)
    )
  }
}

const again = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A> =>
  Effect.catchAll(call, () => Effect.delay(Effect.suspend(() => again(call)), 300))

const listing = ({ client, stream }: StreamWorld) =>
  Effect.filterOrFail(client.listShards({ stream, maxResults: ownListing }), ({ shards }) => shards.length > 0)

/** The stream's shards as they are now. */
export const look = (world: StreamWorld): Effect.Effect<ReadonlyArray<Shard>> =>
  Effect.map(again(listing(world)), ({ shards }) => {
    const { notes } = world
    notes.shards.clear()
    seeShards(notes, shards)
    return shards
  })

export const pick = <A>(values: ReadonlyArray<A>, part: number): A | undefined =>
  values[Math.min(values.length - 1, Math.floor(part * values.length))]

/** The shard that a number from 0 to 1 picks; all of them without one. */
export const targeting = (notes: StreamNotes) => (shard: number | undefined) => ({
  shardId: shard === undefined ? undefined : pick([...notes.shards.keys()], shard)
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Entry {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/** Writes all of them, sending again what was refused before anything else is written. A lost answer makes doubles. */
const put = (world: StreamWorld, entries: ReadonlyArray<Entry>): Effect.Effect<void> =>
  Effect.flatMap(again(world.client.putRecords({ stream: world.stream, records: entries })), (answer) => {
    const refused = entries.filter((_, index) => answer.records[index]!.errorCode !== undefined)
    if (refused.length === 0) return Effect.void
    world.notes.count("write refused in part")
    return Effect.delay(put(world, refused), 300)
  })

type Write = Extract<Action, { _tag: "Write" }>

/** Writes numbered records of each key. */
const makeWriter = (world: StreamWorld) => {
  const numbers = new Map<number, number>()
  const entry = (key: number, bytes: number): Entry => {
    const number = (numbers.get(key) ?? 0) + 1
    numbers.set(key, number)
    const text = encoder.encode(`${number} `)
    const data = new Uint8Array(Math.max(bytes, text.length))
    data.set(text)
    return { partitionKey: `key-${key}`, data }
  }
  return Effect.fnUntraced(function*({ bytes, keys, rounds }: Write) {
    for (let round = 0; round < rounds; round++) {
      const entries = keys.map((key) => entry(key, bytes))
      yield* put(world, entries)
      yield* world.notes.say(() => `wrote ${keys.map((key) => `key-${key}#${numbers.get(key)}`).join(" ")}`)
    }
  })
}

const isWrite = (action: { readonly _tag: string }): action is Write => action._tag === "Write"

/** Writes what the steps say, when they say it. */
export const writeAll = (
  world: StreamWorld,
  steps: ReadonlyArray<{ readonly at: number; readonly action: { readonly _tag: string } }>
): Effect.Effect<void> => {
  const write = makeWriter(world)
  return Effect.forEach(
    steps,
    ({ action, at }) => isWrite(action) ? Effect.zipRight(sleepUntil(at), write(action)) : Effect.void,
    { discard: true }
  )
}

/** The number that the writer gave a record: its place among those of its key. */
export const numberOf = ({ data }: { readonly data: Uint8Array }): number =>
  Number.parseInt(decoder.decode(data.subarray(0, 20)), 10)

const ignoring = (
  notes: StreamNotes,
  what: string,
  change: Effect.Effect<void, KinesisError.KinesisError>
): Effect.Effect<void> =>
  Effect.matchEffect(change, {
    onFailure: (error) => notes.say(() => `${what}: refused, ${error._tag}`),
    onSuccess: () => {
      notes.count("reshard")
      return notes.say(() => what)
    }
  })

/** How a history changes a stream, or what it lets go wrong there, in both kinds of histories. */
export type Change = Exclude<Action, { _tag: "Write" | "Trim" | "ExpireShard" }>

/** The calls that an action is about, as a knob has them. */
const callsOf = <O>({ operation, times }: { readonly operation: O; readonly times: number }) => ({ operation, times })

/** Does one thing of the scenario, as far as the stream allows it by then. */
export const change = (world: StreamWorld, action: Change): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { client, consumer, listTokens, local, notes, stream } = world
    const target = targeting(notes)
    yield* notes.say(() => `-- ${JSON.stringify(action)}`)
    switch (action._tag) {
      case "Split": {
        const open = (yield* look(world)).filter((shard) => shard.endingSequenceNumber === undefined)
        const shard = pick(open, action.shard)
        if (shard === undefined || open.length >= 8) return
        const start = BigInt(shard.hashKeyRange.startingHashKey)
        const size = BigInt(shard.hashKeyRange.endingHashKey) - start
        const at = start + 1n + (size * BigInt(Math.floor(action.at * 1000))) / 1001n
        const split = client.splitShard({ stream, shardToSplit: shard.shardId, newStartingHashKey: String(at) })
        return yield* ignoring(notes, `split${short(shard.shardId)}`, split)
      }
      case "Merge": {
        const open = (yield* look(world)).filter((shard) => shard.endingSequenceNumber === undefined)
          .map((shard) => ({ ...shard, start: BigInt(shard.hashKeyRange.startingHashKey) }))
          .sort((a, b) => a.start < b.start ? -1 : 1)
        const lower = pick(open.slice(0, -1), action.shard)
        if (lower === undefined) return
        const upper = open[open.indexOf(lower) + 1]!
        const merge = client.mergeShards({ stream, shardToMerge: upper.shardId, adjacentShardToMerge: lower.shardId })
        return yield* ignoring(notes, `merge${short(lower.shardId)}${short(upper.shardId)}`, merge)
      }
      case "Resize": {
        const open = (yield* look(world)).filter((shard) => shard.endingSequenceNumber === undefined).length
        const targetShardCount = Math.min(8, Math.max(1, Math.round(open * action.factor)))
        if (targetShardCount === open) return
        return yield* ignoring(
          notes,
          `resize to ${targetShardCount}`,
          client.updateShardCount({ stream, targetShardCount })
        )
      }
      case "Throttle":
        return yield* local.throttle({ ...callsOf(action), ...target(action.shard) })
      case "Hang":
        return yield* local.hang({ ...callsOf(action), ...target(action.shard) })
      case "LoseAnswer":
        return yield* local.loseAnswer({ ...callsOf(action), ...target(action.shard) })
      case "Unavailable":
        return yield* local.fail({ ...callsOf(action), ...target(action.shard), error: unavailable })
      case "Delay":
        return yield* local.delay({ ...callsOf(action), ...target(action.shard), duration: action.millis })
      case "Omit":
        return yield* local.omit({ ...callsOf(action), fields: action.fields, ...target(action.shard) })
      case "ExpireIterator":
        return yield* local.expireIterator({ times: action.times, ...target(action.shard) })
      case "EmptyPages":
        return yield* local.emptyPages({ times: action.times, ...target(action.shard) })
      case "ExpireListToken":
        listTokens.expiring = Math.max(listTokens.expiring, action.times)
        return
      case "Outage": {
        yield* local.fail({ operation: action.operation, times: Infinity, error: unavailable })
        yield* Effect.sleep(action.millis)
        return yield* local.clearFaults
      }
      default: {
        const place = { client, local, stream, consumer, say: notes.say, shardId: target(action.shard).shardId }
        return yield* Subscriptions.hurt(place, action)
      }
    }
  })

const unavailable = (operation: string) => new KinesisError.ServiceUnavailable({ operation, description: "An outage." })

/** Milliseconds since the history's start. */
export const sleepUntil = (at: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => now < epoch + at ? Effect.sleep(epoch + at - now) : Effect.void)
