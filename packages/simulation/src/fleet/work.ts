import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Effect from "effect/Effect"
import type { Handling } from "./history.js"
import { nameOf } from "./names.js"
import type { Member, Noted, World } from "./world.js"

/** Why a handler fails. */
export class Broken extends Error {
  readonly _tag = "Broken"
}

export type Piece = ReadonlyArray<Noted<Handling>>

/** The shard that a handler is given records of. */
export interface OwnedShard {
  readonly stream: string
  readonly shardId: string
  readonly fencingToken: number
}

/** Whether a record is acknowledged when its handler has ended, or later. */
export type Telling = "at its end" | "later"

/** From now on the library need not deliver it again. */
export const tell = ({ notes }: World, piece: Piece): void => {
  const moment = notes.moment()
  for (const handling of piece) handling.told = moment
}

/** The program's own work on a piece: it takes its time, and fails at random. */
export const makeWork = (world: World) => {
  const { notes, random, scenario } = world
  return (
    { life, process }: Member,
    { fencingToken, ...shard }: OwnedShard,
    records: ReadonlyArray<KinesisRecord>,
    telling: Telling
  ): Effect.Effect<Piece, Broken> =>
    process.act(Effect.suspend(() => {
      const began = notes.moment()
      const shardId = nameOf(shard.stream, shard.shardId)
      const number = notes.pieces++
      const piece = records.map(({ partitionKey, sequenceNumber }): Noted<Handling> => ({
        process: life.index,
        token: fencingToken,
        shardId,
        sequenceNumber,
        key: partitionKey ?? "",
        piece: number,
        began,
        ended: undefined,
        told: undefined,
        failed: undefined,
        cut: undefined
      }))
      notes.handlings.push(...piece)
      const failure = !notes.isHealed && random.chance(scenario.failing)
        ? random.pick(telling === "later" ? ["fail", "die"] as const : ["fail", "die", "interrupt"] as const)
        : undefined
      const isSlow = !notes.isHealed && random.chance(scenario.slow)
      if (isSlow) notes.count("slow handler")
      const millis = (isSlow ? scenario.slowMillis : 0) + (notes.isHealed ? 0 : scenario.handlerMillis)
      const name = `w${life.index} piece ${number} of ${Number(shardId.slice(8))}/${fencingToken}`
      notes.write(() =>
        `${name}: begins, ${records.length} from ${piece[0]!.key} ${records[0]!.sequenceNumber.slice(-6)}`
      )
      const finish: Effect.Effect<Piece, Broken> = process.act(Effect.suspend(() => {
        const moment = notes.moment()
        notes.write(() => `${name}: ${failure ?? "done"}`)
        if (failure !== undefined) {
          notes.count(`handler: ${failure}`)
          for (const handling of piece) handling.failed = moment
          return failure === "fail"
            ? Effect.fail(new Broken("the handler failed"))
            : failure === "die"
            ? Effect.die(new Broken("the handler died"))
            : Effect.interrupt
        }
        for (const handling of piece) handling.ended = moment
        if (telling === "at its end") tell(world, piece)
        return Effect.succeed(piece)
      }))
      return (millis > 0 ? Effect.delay(finish, millis) : finish).pipe(Effect.onInterrupt(() =>
        Effect.sync(() => {
          if (process.isDead() || piece[0]!.failed !== undefined) return
          notes.count("handler interrupted")
          notes.write(() => `${name}: interrupted`)
          const moment = notes.moment()
          for (const handling of piece) handling.cut = moment
        })
      ))
    }))
}

export type Work = ReturnType<typeof makeWork>
