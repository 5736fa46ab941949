import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import * as LocalLeaseStore from "@effect-kinesis/local/LocalLeaseStore"
import * as VirtualTime from "@effect-kinesis/local/VirtualTime"
import * as Effect from "effect/Effect"
import { happen } from "../happen.js"
import type { Written } from "../history.js"
import * as Random from "../random.js"
import { epoch, look, numberOf, type StreamWorld } from "../stream.js"
import { register } from "../subscriptions.js"
import type { History } from "./history.js"
import { nameOf, streams } from "./names.js"
import { ownerOf, readable, unpushed } from "./owners.js"
import { live } from "./program.js"
import type { Scenario } from "./scenario.js"
import { application, isStaffed, isUp, makeNotes, type World } from "./world.js"

const maxWakeUps = 500_000
const readDeadline = 5_000
/** How long it takes at most to subscribe, when all is well. */
const subscribingMillis = 60_000

const toWritten = (
  stream: string,
  { approximateArrivalTimestamp, ...record }: LocalKinesis.WrittenRecord
): Written => ({
  shardId: nameOf(stream, record.shardId),
  sequenceNumber: record.sequenceNumber,
  key: `${stream === streams[0] ? "" : `${stream}/`}${record.partitionKey}`,
  number: numberOf(record),
  arrival: approximateArrivalTimestamp!.getTime(),
  trimmedAt: undefined
})

/** A stream, which has notes of its own. */
const makePlace = (world: Pick<World, "client" | "local" | "notes">, stream: string): StreamWorld => {
  const { client, local, notes } = world
  const parents = {
    set: (shardId: string, parents: ReadonlyArray<string>) =>
      notes.parents.set(nameOf(stream, shardId), parents.map((parent) => nameOf(stream, parent)))
  }
  const { count, say } = notes
  return {
    stream,
    client,
    local,
    notes: { count, say, parents, shards: new Map() },
    listTokens: { expiring: 0 },
    consumer: application
  }
}

const makeWorld = (scenario: Scenario, verbose: boolean): Effect.Effect<World> =>
  Effect.gen(function*() {
    const base = yield* VirtualTime.clock
    const names = streams.slice(0, scenario.streams)
    const kinesis = yield* LocalKinesis.make({
      streams: names.map((name) => ({ name, shardCount: scenario.shardCount })),
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      getRecordsTimeout: readDeadline,
      requestTimeout: readDeadline,
      continuation: scenario.pushing?.continuation,
      endWithContinuation: scenario.pushing?.endWithContinuation
    })
    const { local: table, store } = yield* LocalLeaseStore.make({ latency: scenario.storeLatencyMillis })
    const notes = makeNotes(base, verbose)
    if (names.length > 1) notes.count("two streams")
    const places = names.map((name) => makePlace({ ...kinesis, notes }, name))
    if (scenario.pushing?.isRegistered === true) {
      yield* Effect.forEach(places, (place) => register({ ...place, say: notes.say }), { discard: true })
    }
    return {
      ...kinesis,
      places,
      scenario,
      notes,
      base,
      random: Random.make(scenario.seed, 4),
      pushRandom: Random.make(scenario.seed, 8),
      store,
      table,
      members: []
    }
  })

/** What is found in each stream. */
const ofAll = <A>({ places }: World, find: (place: StreamWorld) => Effect.Effect<ReadonlyArray<A>>) =>
  Effect.map(Effect.forEach(places, find), (found) => found.flat())

/** A subscription that was found to be silent only now is soon replaced. */
const stillUnpushed = (world: World): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const deadline = world.notes.now() + subscribingMillis
    while (unpushed(world).length > 0 && world.notes.now() < deadline) yield* Effect.sleep(1_000)
    return unpushed(world)
  })

/** How the fleet stands at the end, if nothing moves any more. */
const finish = (world: World) =>
  Effect.gen(function*() {
    const { members, notes, scenario } = world
    const settledAt = notes.now()
    yield* Effect.sleep(3 * scenario.balanceMillis)
    const written = yield* ofAll(world, ({ local, stream }) =>
      Effect.map(local.records(stream), (records) =>
        records.map((record) => toWritten(stream, record))))
    const open = yield* ofAll(world, (place) =>
      Effect.map(look(place), (shards) =>
        shards.filter((shard) =>
          shard.endingSequenceNumber === undefined
        )
          .map(({ shardId }) =>
            nameOf(place.stream, shardId)
          )))
    const owners = readable(world).map((lease) => ownerOf(world, lease))
    const shares = members.filter(isUp).map((member) => owners.filter((owner) => owner === member).length)
    const staffed = isStaffed(world)
    const unowned = open.filter((shardId) => {
      if (!staffed) return false
      const lease = notes.table.get(shardId)
      return lease === undefined || ownerOf(world, lease) === undefined
    })
    const notPushed = yield* stillUnpushed(world)
    for (const { process } of members) yield* process.kill
    for (const { process } of members) yield* process.bury
    return { settledAt, written, shares, unowned, unpushed: notPushed }
  })

/** Calls that had waited for too long when their process died. */
const cutShort = ({ members, notes, scenario }: World) =>
  [...notes.asking].flatMap(({ process, sentAt }) => {
    const { end } = members[process]!.life
    const isLate = end?.how === "crashed" && end.moment.at - sentAt > scenario.storeLatencyMillis
    return isLate ? [{ process, from: sentAt, to: end.moment.at }] : []
  })

/** Lets a scenario happen, from its start to its end, in virtual time. Only a verbose one has a log. */
export const simulate = (scenario: Scenario, options: { readonly verbose?: boolean } = {}): History => {
  let world: World | undefined
  const program = Effect.gen(function*() {
    world = yield* makeWorld(scenario, options.verbose ?? false)
    yield* Effect.forEach(world.places, look, { discard: true })
    const problem = yield* live(world)
    return { problem, ...yield* finish(world) }
  })
  const { unfinished, value: end, wakeUps } = happen(program, scenario, 5, maxWakeUps)
  const { notes } = world!
  return {
    scenario,
    epoch,
    written: end?.written ?? [],
    handlings: notes.handlings,
    ownerships: notes.ownerships,
    lives: world!.members.map(({ life }) => life),
    rows: notes.rows,
    troubles: [...notes.troubles, ...cutShort(world!)],
    subscriptions: notes.subscriptions,
    reads: notes.reads,
    deregistrations: notes.deregistrations,
    unpushed: end?.unpushed ?? [],
    parents: notes.parents,
    lastDisturbance: notes.lastDisturbance,
    orphans: notes.orphans,
    shares: end?.shares ?? [],
    settledAt: end?.settledAt ?? Infinity,
    unowned: end?.unowned ?? [],
    unfinished: unfinished ?? end?.problem,
    met: notes.met,
    wakeUps,
    log: notes.log
  }
}
