import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EffectRandom from "effect/Random"
import type { ReadOperation } from "./actions.js"
import { happen } from "./happen.js"
import type { History, ReadCall, Written } from "./history.js"
import { recordId } from "./history.js"
import { live } from "./program.js"
import * as Pushes from "./pushes.js"
import type { Scenario } from "./scenario.js"
import { unfold } from "./steps.js"
import { epoch, look, numberOf, ownListing, stream, watch } from "./stream.js"
import { makeNotes, type Notes, type World } from "./world.js"

const maxWakeUps = 100_000

/** An answer without shards is not a listing. */
const noteListings = (notes: Notes, client: KinesisClient.Service): KinesisClient.Service => ({
  ...client,
  listShards: (request) =>
    Effect.tap(client.listShards(request), ({ shards }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (shards.length > 0) notes.listings.push(now)
        for (const { shardId } of shards) notes.listed.add(shardId)
      }))
})

const readOperations: ReadonlyArray<string> = [
  "getRecords",
  "getShardIterator",
  "listShards",
  "describeStreamSummary"
]

const isReadCall = ({ operation, request }: LocalKinesis.Call): boolean =>
  readOperations.includes(operation) && (request as { maxResults?: number }).maxResults !== ownListing

const toCall = (notes: Notes) => (call: LocalKinesis.Call, index: number): ReadCall => {
  const run = notes.runs.findIndex(({ calls: [from, to] }) => index >= from && index < to)
  return {
    run: run < 0 ? undefined : run,
    operation: call.operation as ReadOperation,
    at: call.at,
    shardId: call.shardId,
    outcome: call.outcome,
    fields: Object.entries(call.request).filter(([field, value]) => field !== "maxResults" && value !== undefined)
      .map(([field]) => field)
  }
}

const day = 24 * 3_600_000

const toWritten = ({ notes, scenario }: World) => (record: LocalKinesis.WrittenRecord): Written => {
  const { approximateArrivalTimestamp, partitionKey, sequenceNumber, shardId, trimmed } = record
  const arrival = approximateArrivalTimestamp!.getTime()
  return {
    shardId,
    sequenceNumber,
    key: partitionKey ?? "",
    number: numberOf(record),
    arrival,
    trimmedAt: trimmed
      ? Math.min(
        notes.trimmedAt.get(recordId(shardId, sequenceNumber)) ?? Infinity,
        arrival - scenario.skewMillis + day
      )
      : undefined
  }
}

/** Everything that the seed's history is, on a client and an in-memory Kinesis of its own. */
const makeWorld = (scenario: Scenario, notes: Notes): Effect.Effect<World> =>
  Effect.map(
    LocalKinesis.make({
      streams: [{ name: stream, shardCount: scenario.shardCount }],
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      serverClockSkew: scenario.skewMillis,
      continuation: scenario.pushing?.continuation,
      endWithContinuation: scenario.pushing?.endWithContinuation
    }),
    ({ client, local }) => {
      const world = { stream, scenario, notes, client, local, listTokens: { expiring: 0 }, consumer: Pushes.consumer }
      return { ...world, reader: noteListings(world.notes, watch(world, scenario)) }
    }
  )

/**
 * Lets a scenario happen, from its start to its end, in virtual time: what was written, what the reader brought, and
 * each call it made. Only a verbose one has a log.
 */
export const simulate = (scenario: Scenario, options: { readonly verbose?: boolean } = {}): History => {
  const notes = makeNotes(options.verbose ?? false)
  let written: ReadonlyArray<Written> = []
  let calls: ReadonlyArray<ReadCall> = []
  const program = Effect.gen(function*() {
    const world = yield* makeWorld(scenario, notes)
    yield* look(world)
    const unfolding = yield* Effect.fork(unfold(world))
    const problem = yield* live(world, unfolding)
    yield* Effect.sleep(60_000)
    written = (yield* world.local.records(stream)).map(toWritten(world))
    calls = (yield* world.local.calls).map((call, index) => [call, index] as const)
      .filter(([call]) => isReadCall(call))
      .map(([call, index]) => toCall(notes)(call, index))
    return problem
  }).pipe(Effect.withRandom(EffectRandom.make(scenario.seed)))
  const { unfinished, value: problem, wakeUps } = happen(program, scenario, 1, maxWakeUps)
  return {
    scenario,
    epoch,
    written,
    batches: notes.batches,
    runs: notes.runs.map(({ run }) => run),
    calls,
    parents: notes.parents,
    clockFound: notes.clockFound,
    unfinished: unfinished ?? problem,
    met: notes.met,
    wakeUps,
    log: notes.log
  }
}
