import * as Effect from "effect/Effect"
import { recordId } from "../history.js"
import type { StreamWorld } from "../stream.js"
import { isHandled } from "./history.js"
import { start } from "./members.js"
import { nameOf } from "./names.js"
import { unpushed, watchOver } from "./owners.js"
import { unfold } from "./steps.js"
import { isUp, type Member, type World } from "./world.js"

/** What must still be handled. */
const outstanding = ({ notes, places }: World): Effect.Effect<number> =>
  Effect.suspend(() => {
    const handled = new Set(
      notes.handlings.filter(isHandled).map(({ sequenceNumber, shardId }) => recordId(shardId, sequenceNumber))
    )
    const ofStream = ({ local, stream }: StreamWorld) =>
      Effect.map(local.records(stream), (records) =>
        records.filter(({ sequenceNumber, shardId, trimmed }) =>
          !trimmed && !handled.has(recordId(nameOf(stream, shardId), sequenceNumber))
        ).length)
    return Effect.map(Effect.forEach(places, ofStream), (counts) =>
      counts.reduce((sum, count) =>
        sum + count, 0))
  })

/** After so long a silent subscription has been replaced: until then it hides the end of its shard, and so the children. */
const silenceMillis = 45_000

const isSilenced = ({ steps }: World["scenario"]): boolean =>
  steps.some(({ action: { _tag } }) => _tag === "Mute" || _tag === "StallEvent")

/** Waits until all was read and the shares have had the time to become even. Returns why that did not happen. */
export const live = (world: World): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const { notes, scenario } = world
    for (const [startsAt, member] of scenario.members) {
      yield* Effect.fork(Effect.delay(start(world, member), startsAt))
    }
    yield* unfold(world)
    const audibleAt = notes.now() + (isSilenced(scenario) ? silenceMillis : 0)
    yield* Effect.fork(watchOver(world))
    const written = yield* Effect.forEach(world.places, ({ local, stream }) => local.records(stream))
    const patience = 120_000 + 10 * scenario.leaseMillis + 3 * scenario.slowMillis +
      written.flat().length * scenario.pollMillis
    const deadline = notes.now() + patience
    while ((yield* outstanding(world)) > 0) {
      if (notes.now() > deadline) return `${yield* outstanding(world)} records are left after ${patience / 1000} s`
      yield* Effect.sleep(2_000)
    }
    const isLeaving = (member: Member) => isUp(member) && member.life.asked !== undefined
    while (world.members.some(isLeaving) && notes.now() < deadline) yield* Effect.sleep(1_000)
    while (notes.now() < audibleAt) yield* Effect.sleep(1_000)
    const settling = 2 * scenario.leaseMillis + 5 * 1.2 * scenario.balanceMillis + 1_000
    yield* Effect.sleep(settling)
    while (notes.now() < notes.lastDisturbance + settling) yield* Effect.sleep(1_000)
    while (unpushed(world).length > 0 && notes.now() < deadline) yield* Effect.sleep(1_000)
    return undefined
  })
