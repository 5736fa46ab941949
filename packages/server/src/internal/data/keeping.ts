import type { LocalApi } from "@effect-kinesis/local"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DataError } from "./folder.js"
import * as Folder from "./folder.js"
import * as JournalFile from "./journalFile.js"

/** What is written is in the file after this time, so that a process that is killed loses no more. */
const flushMillis = 50

/** Keeps engines in a folder. */
export interface Keeping {
  /** The journal of a region, to begin with. */
  readonly journalOf: (region: string) => Iterable<Uint8Array>
  /** Keeps the engine from now on. */
  readonly keep: (region: string, engine: LocalApi.Service) => Effect.Effect<void>
  /** The regions that were kept before. */
  readonly regions: ReadonlyArray<string>
}

/** Appends to the journals again and again, and at the scope's end makes each a journal of what is of use then. */
export const make = (folder: string): Effect.Effect<Keeping, DataError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Folder.open(folder)
    const files: Array<JournalFile.State> = []
    const flush = Effect.suspend(() => Effect.forEach(files, JournalFile.append, { discard: true }))
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        flush,
        Effect.suspend(() =>
          Effect.forEach(files, (file) => Effect.zipRight(JournalFile.compact(file), JournalFile.close(file)), {
            discard: true
          })
        )
      )
    )
    yield* Effect.forkScoped(Effect.forever(Effect.delay(flush, flushMillis)))
    return {
      journalOf: (region) => JournalFile.pieces(Folder.fileOf(folder, region)),
      keep: (region, engine) => {
        const path = Folder.fileOf(folder, region)
        return Effect.map(
          JournalFile.setAside(path, engine.journal.restoredBytes),
          () => void files.push(JournalFile.open(path, engine))
        )
      },
      regions: Folder.regionsIn(folder)
    }
  })
