import { type ChildProcess, fork } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Run } from "./measure.js"
import type { Addresses } from "./server/canned.js"

/** The packages as they are published, and the bench's own TypeScript. */
const execArgv = ["--conditions=built", "--import", "tsx", "--no-warnings"]

const children = new Set<ChildProcess>()

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const start = (file: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv, flags: ReadonlyArray<string>) => {
  const child = fork(pathOf(file), args, { execArgv: [...execArgv, ...flags], env: { ...process.env, ...env } })
  children.add(child)
  child.on("exit", () => children.delete(child))
  return child
}

const message = (child: ChildProcess): Promise<any> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${child.spawnargs.at(-2)} ended with ${code}`))
    child.once("exit", onExit)
    child.once("message", (value) => {
      child.off("exit", onExit)
      resolve(value)
    })
  })

export type Server = Addresses & { readonly certificateFile: string }

/** The server that replays canned answers, in a process of its own, and where its certificate was put. */
export const startServer = async (): Promise<Server> => {
  const addresses: Addresses = await message(start("./server/canned.ts", [], {}, []))
  const folder = mkdtempSync(join(tmpdir(), "kinesis-bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true }))
  const certificateFile = join(folder, "certificate.pem")
  writeFileSync(certificateFile, addresses.certificate)
  return { ...addresses, certificateFile }
}

/** Emulators of Kinesis and of DynamoDB, by a file in the folder that they were installed in: their addresses. */
export const startEmulators = (folder: string): Promise<readonly [kinesis: string, dynamo: string]> =>
  message(start("./server/emulators.ts", [folder], {}, []))

export interface Worker {
  readonly run: (millis: number) => Promise<Run>
  readonly once: () => Promise<Readonly<Record<string, number>>>
  readonly stop: () => void
}

export const startWorker = async (
  subjects: string,
  name: string,
  argument: unknown,
  options: { readonly certificateFile?: string; readonly flags?: ReadonlyArray<string> } = {}
): Promise<Worker> => {
  const { certificateFile, flags = [] } = options
  const env = certificateFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificateFile }
  const child = start("./worker.ts", [pathOf(subjects), name, JSON.stringify(argument)], env, flags)
  await message(child)
  const order = (what: number | "once") => {
    const answer = message(child)
    child.send(what)
    return answer
  }
  return {
    run: order,
    once: () => order("once"),
    stop: () => child.disconnect()
  }
}

/** Ends everything that was started. */
export const stopAll = (): void => {
  for (const child of children) child.kill()
}
