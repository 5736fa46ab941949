import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import * as JournalFile from "./journalFile.js"

/** The folder of the data cannot be used. */
export class DataError extends Data.TaggedError("DataError")<{ readonly folder: string; readonly message: string }> {}

const suffix = ".journal"

/** The journal of a region. */
export const fileOf = (folder: string, region: string): string => join(folder, `${region}${suffix}`)

/** The regions that have a journal. Other files are left alone. */
export const regionsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).filter((file) => /^[a-z0-9-]+\.journal$/.test(file)).map((file) => file.slice(0, -suffix.length))

/** What is wrong with a folder, and what to do about it. */
const because = (cause: unknown): string => {
  const { code, message, path = "it" } = cause as NodeJS.ErrnoException
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `cannot be used: this user may not write ${path}; name another folder, or change its rights`
    case "EEXIST":
    case "ENOTDIR":
      return `cannot be used: ${path} is a file; name a folder`
    default:
      return message
  }
}

export const dataError = (folder: string, cause: unknown): DataError =>
  new DataError({ folder, message: `the folder ${folder} ${because(cause)}` })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** When a process began, in the system's ticks; empty where the system does not tell. A number is given to another process in time. */
const beganAt = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")")).split(" ")[20] ?? ""
  } catch {
    return ""
  }
}

/** The process that uses the folder, if it still runs. */
const holderOf = (lock: string): number | undefined => {
  try {
    const [number, began = ""] = readFileSync(lock, "utf8").split(" ")
    const pid = Number(number)
    const runs = Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid)
    return runs && (began === "" || began === beganAt(pid)) ? pid : undefined
  } catch {
    return undefined
  }
}

/** A folder in use, and the file that says so. */
interface Held {
  readonly folder: string
  readonly lock: string
}

/** The folders that servers of this process use. */
const held = new Set<string>()

const use = (given: string): Held => {
  mkdirSync(given, { recursive: true })
  const folder = realpathSync(given)
  const lock = join(folder, "lock")
  const holder = held.has(folder) ? process.pid : holderOf(lock)
  if (holder !== undefined) {
    throw new Error(`is in use by the server of process ${holder}: end it, or name another folder`)
  }
  const foreign = regionsIn(folder).map((region) => fileOf(folder, region)).find((path) => !JournalFile.isJournal(path))
  if (foreign !== undefined) {
    throw new Error(`has ${basename(foreign)}, which no server has written: name another folder`)
  }
  writeFileSync(lock, `${process.pid} ${beganAt(process.pid)}`)
  held.add(folder)
  return { folder, lock }
}

const leave = ({ folder, lock }: Held): void => {
  held.delete(folder)
  rmSync(lock, { force: true })
}

/** Uses the folder alone until the scope ends. A lock that a dead process left is no hindrance. */
export const open = (folder: string): Effect.Effect<void, DataError, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.try({
      try: () => use(folder),
      catch: (cause) => dataError(folder, cause)
    }),
    (held) => Effect.sync(() => leave(held))
  ))
