import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { LeaseLost } from "effect-kinesis/KinesisError"
import { type Leases, mapCalls, type Service } from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { watch } from "../stream.js"
import { connect } from "./connections.js"
import { nameOf, placeOf, renamed } from "./names.js"
import { holderOf } from "./owners.js"
import type { Cut } from "./scenario.js"
import { application, disturb, type Member, type World } from "./world.js"

/** The stream's service, as one process reaches it. */
export const clientOf = (world: World, member: Member): KinesisClient.Service => {
  const { life, process } = member
  const say = (text: () => string) => world.notes.say(() => `w${life.index} ${text()}`)
  const clients = world.places.map((place) => watch({ ...place, notes: { ...place.notes, say } }, world.scenario))
  const clientOf = (stream: string) => clients[placeOf(stream)]!
  /** A further page of a listing is requested by its token alone. */
  const ofToken = new Map<string, KinesisClient.Service>()
  const reach = <Request, A, E>(call: (request: Request) => Effect.Effect<A, E>) => (request: Request) =>
    process.call(Effect.suspend(() => {
      const sentAt = world.notes.now()
      return Effect.ensuring(
        call(request),
        Effect.sync(() => {
          if (world.notes.now() - sentAt > world.scenario.latencyMillis) disturb(world)
        })
      )
    }))
  return {
    ...world.client,
    ...connect(world, member, {
      ...world.client,
      subscribeToShard: (request) => clientOf(request.stream).subscribeToShard(request)
    }),
    listShards: reach((request) => {
      const client = request.nextToken === undefined ? clientOf(request.stream) : ofToken.get(request.nextToken)!
      return Effect.tap(client.listShards(request), ({ nextToken }) => {
        if (nextToken !== undefined) ofToken.set(nextToken, client)
      })
    }),
    getShardIterator: reach((request) => clientOf(request.stream).getShardIterator(request)),
    getRecords: reach((request) => {
      const { notes } = world
      const { shardId, stream } = request
      if (life.isPushed) {
        notes.reads.push({ process: life.index, shardId: nameOf(stream, shardId), moment: notes.moment() })
      }
      return clientOf(stream).getRecords(request)
    }),
    describeStreamSummary: reach((request) => clientOf(request.stream).describeStreamSummary(request))
  }
}

/**
 * Notes what was written to the lease table, immediately after each call that may have written, since otherwise a newer
 * write might be noted first. A lease that is handed to a worker that has died since it asked for it is a disturbance.
 */
const observe = (world: World): Effect.Effect<void> =>
  Effect.sync(() => {
    const { notes, table } = world
    const rows = Effect.runSync(table.leases(application))
    for (const row of rows) {
      if (notes.seen.get(row.leaseKey) === row) continue
      notes.seen.set(row.leaseKey, row)
      const lease = renamed(row)
      if (holderOf(world, lease)?.life.end?.how === "crashed") disturb(world)
      notes.table.set(lease.leaseKey, lease)
      notes.rows.push({ moment: notes.moment(), leaseKey: lease.leaseKey, lease })
    }
    if (rows.length === notes.seen.size) return
    const left = new Set(rows.map((row) => row.leaseKey))
    for (const [key, row] of notes.seen) {
      if (left.has(key)) continue
      notes.seen.delete(key)
      const { leaseKey } = renamed(row)
      notes.table.delete(leaseKey)
      notes.rows.push({ moment: notes.moment(), leaseKey, lease: undefined })
    }
  })

type StoreError = LeaseStoreError | LeaseLost

/** What a cut between a process and the store does to a call. */
const suffer = <A>(
  { notes, random, scenario }: World,
  operation: string,
  cut: Cut | undefined,
  call: Effect.Effect<A, StoreError>
): Effect.Effect<A, StoreError> => {
  const unavailable = () =>
    new LeaseStoreError({ operation, reason: "Unavailable", description: "The table is out of reach." })
  switch (cut) {
    case undefined:
      return call
    case "hang":
      notes.count("partition: hang")
      return Effect.delay(Effect.failSync(unavailable), 2 * scenario.storeDeadlineMillis)
    case "refuse":
      notes.count("partition: refused")
      return Effect.failSync(unavailable)
    case "lose answers":
      notes.count("partition: answer lost")
      return Effect.zipRight(call, Effect.failSync(unavailable))
    case "some": {
      const how = random.pick([undefined, "hang", "refuse", "lose answers"] as const)
      return suffer({ notes, random, scenario } as World, operation, how, call)
    }
  }
}

const faultOf = ({ description, reason }: LeaseStoreError): string =>
  reason === "Unavailable" && description.includes("answer was lost") ? "lost answer" : reason

/** The lease store, as one process reaches it. */
export const storeOf = (world: World, member: Member): Service => {
  const { notes, scenario, store } = world
  const { storeDeadlineMillis, storeLatencyMillis } = scenario
  const { index } = member.life
  const ask = <A, E extends StoreError>(
    operation: string,
    call: Effect.Effect<A, E>,
    writes = true
  ): Effect.Effect<A, E | LeaseStoreError> =>
    Effect.suspend(() => {
      const sentAt = notes.now()
      const asked = { process: index, sentAt }
      notes.asking.add(asked)
      const isLate = () => notes.now() - sentAt > storeLatencyMillis
      const arrive = Effect.onExit(call, (exit) => {
        if (isLate()) disturb(world)
        if (isLate() && Exit.isSuccess(exit) && notes.now() - sentAt > storeDeadlineMillis) {
          notes.count("store: late effect")
        }
        return writes ? observe(world) : Effect.void
      })
      const request = Effect.suspend(() => suffer(world, operation, member.cut, arrive))
      return member.process.call(request as Effect.Effect<A, E>).pipe(
        Effect.timeoutFail({
          duration: storeDeadlineMillis,
          onTimeout: () =>
            new LeaseStoreError({ operation, reason: "Timeout", description: "The table did not answer." })
        }),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (member.process.isDead()) return
            notes.asking.delete(asked)
            const failure = Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined
            const isOurs = failure?._tag === "LeaseStoreError"
            if (isOurs) notes.count(`store: ${faultOf(failure)}`)
            if (isOurs || isLate()) notes.troubles.push({ process: index, from: sentAt, to: notes.now() })
            notes.write(() => `w${index} ${operation}: ${failure?._tag ?? exit._tag}`)
          })
        )
      )
    })
  const bound = (leases: Leases): Leases =>
    mapCalls(leases, ({ leaseKey, operation, shardId }, call) => {
      const reads = operation === "list" || operation === "owned"
      return reads ? ask(operation, call, false) : ask(`${operation} ${shardId ?? leaseKey}`, call)
    })
  const open = (name: string) =>
    Effect.map(ask("open", store.open(name)), (leases) => {
      member.hasTable = true
      return bound(leases)
    })
  return { open }
}
