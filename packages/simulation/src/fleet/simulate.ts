import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import * as LocalLeaseStore from "@effect-kinesis/local/LocalLeaseStore"
import * as VirtualTime from "@effect-kinesis/local/VirtualTime"
import * as Effect from "effect/Effect"
import { happen } from "../happen.js"
import type { Written } from "../history.js"
import * as Random from "../random.js"
import { epoch, look, numberOf, stream } from "../stream.js"
import type { History } from "./history.js"
import { ownerOf, readable } from "./owners.js"
import { live } from "./program.js"
import type { Scenario } from "./scenario.js"
import { isStaffed, isUp, makeNotes, type World } from "./world.js"

const maxWakeUps = 500_000
const readDeadline = 5_000

const toWritten = ({ approximateArrivalTimestamp, ...record }: LocalKinesis.WrittenRecord): Written => ({
  shardId: record.shardId,
  sequenceNumber: record.sequenceNumber,
  key: record.partitionKey ?? "",
  number: numberOf(record),
  arrival: approximateArrivalTimestamp!.getTime(),
  trimmedAt: undefined
})

const makeWorld = (scenario: Scenario, verbose: boolean): Effect.Effect<World> =>
  Effect.gen(function*() {
    const base = yield* VirtualTime.clock
    const kinesis = yield* LocalKinesis.make({
      streams: [{ name: stream, shardCount: scenario.shardCount }],
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      getRecordsTimeout: readDeadline,
      requestTimeout: readDeadline
    })
    const { local: table, store } = yield* LocalLeaseStore.make({ latency: scenario.storeLatencyMillis })
    return {
      ...kinesis,
      scenario,
      notes: makeNotes(base, verbose),
      base,
      random: Random.make(scenario.seed, 4),
      store,
      table,
      listTokens: { expiring: 0 },
      members: []
    }
  })

/** How the fleet stands at the end, if nothing moves any more. */
const finish = (world: World) =>
  Effect.gen(function*() {
    const { members, notes, scenario } = world
    const settledAt = notes.now()
    yield* Effect.sleep(3 * scenario.balanceMillis)
    const written = (yield* world.local.records(stream)).map(toWritten)
    const open = (yield* look(world)).filter((shard) => shard.endingSequenceNumber === undefined)
    const owners = readable(world).map((lease) => ownerOf(world, lease))
    const shares = members.filter(isUp).map((member) => owners.filter((owner) => owner === member).length)
    const staffed = isStaffed(world)
    const unowned = open.map(({ shardId }) => shardId).filter((shardId) => {
      if (!staffed) return false
      const lease = notes.table.get(shardId)
      return lease === undefined || ownerOf(world, lease) === undefined
    })
    for (const { process } of members) yield* process.kill
    for (const { process } of members) yield* process.bury
    return { settledAt, written, shares, unowned }
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
    yield* look(world)
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
