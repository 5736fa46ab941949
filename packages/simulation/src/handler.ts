import type * as Position from "effect-kinesis/Position"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { recordId } from "./history.js"
import { epoch, short } from "./stream.js"
import type { Notes, World } from "./world.js"

/** The defect of a program that crashes. */
export const crash = "the program crashed"

/**
 * The program's own work on what it reads: it takes its time, dies where the scenario says, and stores how far it has
 * come.
 */
export const makeHandler = ({ notes, scenario }: World) => {
  let pages = 0
  const sinceStored = new Map<string, number>()
  return (run: number, diesAtPage: number | undefined) => {
    let pagesOfRun = 0
    return (
      shardId: string,
      sequenceNumbers: ReadonlyArray<string>,
      position: Position.Position
    ): Effect.Effect<void> =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const batch: Notes["batches"][number] = {
          run,
          shardId,
          sequenceNumbers,
          at,
          began: notes.tick(),
          done: undefined
        }
        notes.batches.push(batch)
        const brings = sequenceNumbers.length > 0
        if (brings) pages++
        if (brings) pagesOfRun++
        const slow = brings ? scenario.slowPages.find(({ page }) => page === pages)?.millis ?? 0 : 0
        if (slow >= 300_000) notes.count("handler of 5 minutes or more")
        const usual = brings && at < epoch + scenario.healAt ? scenario.handlerMillis : 0
        const finish = Effect.suspend(() => {
          batch.done = notes.tick()
          for (const sequenceNumber of sequenceNumbers) notes.handled.add(recordId(shardId, sequenceNumber))
          const count = (sinceStored.get(shardId) ?? 0) + 1
          sinceStored.set(shardId, count)
          if (count % scenario.storeEvery === 0) notes.stored[shardId] = position
          return brings ? notes.say(() => `handled${short(shardId)}: ${sequenceNumbers.length} records`) : Effect.void
        })
        const work = brings && pagesOfRun === diesAtPage ? Effect.dieMessage(crash) : finish
        return slow + usual > 0 ? Effect.delay(work, slow + usual) : work
      })
  }
}

export type Handle = ReturnType<ReturnType<typeof makeHandler>>
