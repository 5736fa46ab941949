import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import * as VirtualTime from "@effect-kinesis/local/VirtualTime"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Effect from "effect/Effect"
import * as EffectRandom from "effect/Random"
import * as UserRecords from "../../../kinesis/src/internal/record/userRecords.js"
import { happen } from "../happen.js"
import * as Pushes from "../pushes.js"
import { epoch, look, stream } from "../stream.js"
import type { Copy, History } from "./history.js"
import { live } from "./program.js"
import { idOf } from "./records.js"
import type { Scenario } from "./scenario.js"
import { makeNotes, type World } from "./world.js"

const maxWakeUps = 200_000

const makeWorld = (scenario: Scenario, verbose: boolean): Effect.Effect<World> =>
  Effect.gen(function*() {
    const clock = yield* VirtualTime.clock
    const kinesis = yield* LocalKinesis.make({
      streams: [{ name: stream, shardCount: scenario.shardCount }],
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      requestTimeout: scenario.requestTimeoutMillis,
      shuffleEntries: scenario.seed
    })
    return {
      ...kinesis,
      stream,
      scenario,
      notes: makeNotes(clock, verbose),
      listTokens: { expiring: 0 },
      consumer: Pushes.consumer
    }
  })

const toCopy = (isVisible: boolean) => ({ data, sequenceNumber, shardId, subSequenceNumber }: KinesisRecord): Copy => ({
  id: idOf(data),
  shardId,
  sequenceNumber,
  subSequenceNumber,
  isVisible
})

const placeOf = ({ sequenceNumber, subSequenceNumber }: KinesisRecord): string =>
  `${sequenceNumber}/${subSequenceNumber}`

/** Every copy in the stream: those that a reader gets, and those that it drops. */
const copiesOf = (world: World): Effect.Effect<ReadonlyArray<Copy>> =>
  Effect.map(
    Effect.all([look(world), world.local.records(stream)]),
    ([shards, records]) =>
      shards.flatMap(({ hashKeyRange, shardId }) => {
        const ofShard = records.filter((record) => record.shardId === shardId)
        const visible = UserRecords.expand(ofShard, hashKeyRange, "drop-aggregate").records
        const places = new Set(visible.map(placeOf))
        const dropped = UserRecords.expand(ofShard, hashKeyRange, "keep").records.filter((record) =>
          !places.has(placeOf(record))
        )
        return [...visible.map(toCopy(true)), ...dropped.map(toCopy(false))]
      })
  )

/** What has met the copies, for the tests of the histories. */
const countCopies = ({ notes, scenario }: World, copies: ReadonlyArray<Copy>): void => {
  const visible = copies.filter(({ isVisible }) => isVisible)
  if (scenario.about === "hot shard") notes.count("hot shard")
  if (visible.length < copies.length) notes.count("aggregate dropped by readers")
  if (new Set(visible.map(({ id }) => id)).size < visible.length) notes.count("copy of a record more than once")
}

/** Lets a scenario happen, from its start to its end, in virtual time. Only a verbose one has a log. */
export const simulate = (scenario: Scenario, options: { readonly verbose?: boolean } = {}): History => {
  let world: World | undefined
  const program = Effect.gen(function*() {
    world = yield* makeWorld(scenario, options.verbose ?? false)
    yield* look(world)
    const problem = yield* live(world)
    const copies = yield* copiesOf(world)
    countCopies(world, copies)
    return { problem, copies }
  }).pipe(Effect.withRandom(EffectRandom.make(scenario.seed)))
  const { unfinished, value: end, wakeUps } = happen(program, scenario, 6, maxWakeUps)
  const {
    accepted,
    autoFrom,
    closing,
    flushes,
    given,
    interrupted,
    log,
    met,
    mostBuffered,
    requests,
    stats,
    tellings
  } = world!.notes
  return {
    scenario,
    epoch,
    given,
    accepted,
    interrupted,
    tellings,
    requests,
    copies: end?.copies ?? [],
    flushes,
    mostBuffered,
    stats,
    closing,
    autoFrom,
    met,
    log,
    unfinished: unfinished ?? end?.problem,
    wakeUps
  }
}
