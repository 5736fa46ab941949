import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { createServer } from "node:net"

export const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** What `test` gives as soon as it is neither undefined nor false, or a failure after so many seconds. */
export const until = async <A>(
  what: string,
  seconds: number,
  test: () => A | undefined | false | Promise<A | undefined | false>
): Promise<A> => {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await test()
    if (value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await sleep(150)
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number }
      server.close(() => resolve(port))
    })
  })

export interface Child {
  readonly pid: number
  readonly isOver: () => boolean
  /** Ends its standard input, which ends it in order; kills it when that takes longer. Whether it ended by itself. */
  readonly stop: (seconds: number) => Promise<boolean>
  readonly kill: () => Promise<void>
}

const running = new Set<ChildProcess>()

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  process.on(signal, () => process.exit(code))
}

/** A program with its output in a file. It does not outlive this one. */
export const launch = (
  command: string,
  args: ReadonlyArray<string>,
  log: string,
  env: NodeJS.ProcessEnv = {}
): Child => {
  const output = openSync(log, "w")
  const child = spawn(command, args, { stdio: ["pipe", output, output], env: { ...process.env, ...env } })
  closeSync(output)
  running.add(child)
  child.stdin!.on("error", () => undefined)
  const ended = new Promise<void>((resolve) => {
    const over = () => {
      running.delete(child)
      resolve()
    }
    child.on("exit", over).on("error", over)
  })
  return {
    pid: child.pid ?? -1,
    isOver: () => !running.has(child),
    kill: () => {
      child.kill("SIGKILL")
      return ended
    },
    stop: async (seconds) => {
      child.stdin!.end()
      const timeout = setTimeout(() => child.kill("SIGKILL"), seconds * 1000)
      await ended
      clearTimeout(timeout)
      return child.exitCode !== null
    }
  }
}

/** Runs a program to its end, and gives what it wrote. */
export const run = (command: string, args: ReadonlyArray<string>, input = "", seconds = 900): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] })
    running.add(child)
    const output: Array<Buffer> = []
    const timeout = setTimeout(() => child.kill("SIGKILL"), seconds * 1000)
    const over = () => {
      clearTimeout(timeout)
      running.delete(child)
    }
    child.stdout.on("data", (bytes: Buffer) => output.push(bytes))
    child.stdin.on("error", () => undefined).end(input)
    child.on("error", (error) => {
      over()
      reject(error)
    })
    child.on("close", (code, signal) => {
      over()
      if (code === 0) resolve(Buffer.concat(output).toString())
      else reject(new Error(`${command} ended with ${code ?? signal}: ${Buffer.concat(output)}`))
    })
  })
