import type { LocalApi } from "@effect-kinesis/local"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

const pieceBytes = 8 * 1024 * 1024

/** A file in pieces; none if there is no such file. */
export function* pieces(path: string): Generator<Uint8Array> {
  if (!Fs.existsSync(path)) return
  const file = Fs.openSync(path, "r")
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(pieceBytes)
      const bytes = Fs.readSync(file, piece, 0, pieceBytes, null)
      if (bytes === 0) return
      yield piece.subarray(0, bytes)
    }
  } finally {
    Fs.closeSync(file)
  }
}

/** The length of a journal's first frame, of which the last byte is 0, its checksum, and its kind. */
const headBytes = 9
const lastKind = 3

/** Whether a file may begin as a journal does, torn or not: what does not is somebody else's, and is not to be cut. */
export const isJournal = (path: string): boolean => {
  const file = Fs.openSync(path, "r")
  try {
    const head = Buffer.alloc(headBytes)
    Fs.readSync(file, head, 0, headBytes, 0)
    return head[3] === 0 && head[8]! <= lastKind
  } finally {
    Fs.closeSync(file)
  }
}

/** The file of an engine's journal. */
export interface State {
  readonly path: string
  readonly engine: LocalApi.Service
  readonly file: number
  /** Writing has failed: the file is left as it was. */
  isBroken: boolean
}

/** Opens the file to append to what is whole of it. */
export const open = (path: string, engine: LocalApi.Service): State => {
  const file = Fs.openSync(path, Fs.constants.O_RDWR | Fs.constants.O_CREAT)
  Fs.ftruncateSync(file, engine.journal.restoredBytes)
  return { path, engine, file, isBroken: false }
}

/**
 * What follows the bytes that are whole is cut off by {@link open}: a few bytes after a crash, or all of a file that is no journal. So the file
 * is copied first, and that is told.
 */
export const setAside = (path: string, wholeBytes: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const bytes = (Fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) - wholeBytes
    if (bytes <= 0) return Effect.void
    Fs.copyFileSync(path, `${path}.torn`)
    return Effect.logWarning(
      `the last ${bytes} bytes of ${path} cannot be read and are cut off: what was written there is lost; ` +
        `${path}.torn is the file as it was`
    )
  })

/** Writes from a place of the file on, a few megabytes at once. */
const writeAll = (file: number, from: number, frames: Iterable<Uint8Array>): void => {
  let at = from
  let waiting: Array<Uint8Array> = []
  let bytes = 0
  const write = () => {
    const piece = Buffer.concat(waiting)
    for (let done = 0; done < piece.length;) done += Fs.writeSync(file, piece, done, piece.length - done, at + done)
    at += piece.length
    waiting = []
    bytes = 0
  }
  for (const frame of frames) {
    waiting.push(frame)
    bytes += frame.byteLength
    if (bytes >= pieceBytes) write()
  }
  write()
}

const complain = (self: State, cause: unknown): Effect.Effect<void> =>
  Effect.logError(`${self.path} cannot be written: what comes from now on is in memory alone`, cause)

/** Appends what has changed. */
export const append = (self: State): Effect.Effect<void> =>
  Effect.flatMap(self.engine.journal.changes, (frames) => {
    if (self.isBroken || frames.length === 0) return Effect.void
    const { size } = Fs.fstatSync(self.file)
    return Effect.try(() => writeAll(self.file, size, frames)).pipe(
      Effect.catchAll((cause) => {
        self.isBroken = true
        Fs.ftruncateSync(self.file, size)
        return complain(self, cause)
      })
    )
  })

/** Writes a file that is on the disk then. */
const writeWhole = (path: string, frames: Iterable<Uint8Array>): void => {
  const file = Fs.openSync(path, "w")
  try {
    writeAll(file, 0, frames)
    Fs.fsyncSync(file)
  } finally {
    Fs.closeSync(file)
  }
}

/** Puts a journal of what is of use now in place of the file, in one step. */
export const compact = (self: State): Effect.Effect<void> =>
  Effect.flatMap(self.engine.journal.snapshot, (frames) =>
    Effect.try(() => {
      const path = `${self.path}.new`
      try {
        writeWhole(path, frames)
        Fs.renameSync(path, self.path)
      } catch (cause) {
        Fs.rmSync(path, { force: true })
        throw cause
      }
    })).pipe(Effect.catchAll((cause) => complain(self, cause)))

export const close = (self: State): Effect.Effect<void> => Effect.sync(() => Fs.closeSync(self.file))
