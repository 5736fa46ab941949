/**
 * The suite of every `LeaseStore` against moto, and what the other emulator does not have: a refused condition that comes with the row.
 * Needs Python 3; moto comes from PyPI once, into a folder of temporary files.
 */
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { Effect, Layer, Logger } from "effect"
import { LeaseStore, LeaseStoreContract } from "effect-kinesis"
import { deepStrictEqual, match, strictEqual } from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { makeHandler } from "../support/handler.js"
import { fresh, makeRaw, reach, withoutIndex } from "../support/table.js"

const here = dirname(fileURLToPath(import.meta.url))
const version = "5.2.5"

const run = (command: string, args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] })
      .on("error", reject)
      .on("exit", (code) => code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`)))
  })

/** Python with moto: made by the first run, and anew when that one was cut off. */
const prepare = async (): Promise<string> => {
  const folder = join(tmpdir(), "effect-kinesis-interop", `moto-${version}`)
  const whole = join(folder, "whole")
  if (!existsSync(whole)) {
    process.stdout.write(`installing moto ${version} in ${folder}\n`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    await run("python3", ["-m", "venv", folder])
    await run(join(folder, "bin", "pip"), ["install", "--quiet", `moto[server,dynamodb]==${version}`])
    writeFileSync(whole, "")
  }
  return join(folder, "bin", "python")
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    const answer = (is: boolean) => () => {
      socket.destroy()
      resolve(is)
    }
    socket.on("connect", answer(true)).on("error", answer(false))
  })

let passed = 0
let failed = 0
const check = async (what: string, effect: Effect.Effect<unknown, unknown>): Promise<void> => {
  const exit = await Effect.runPromiseExit(Effect.provide(effect, Logger.remove(Logger.defaultLogger)))
  if (exit._tag === "Success") passed++
  else failed++
  process.stdout.write(
    exit._tag === "Success" ? `ok  ${what}\n` : `not ok  ${what}\n${exit.cause.toString()}\n`
  )
}

let server: ChildProcess | undefined
try {
  const python = await prepare()
  const port = await freePort()
  server = spawn(python, [join(here, "motoServer.py"), String(port)], { stdio: ["pipe", "ignore", "inherit"] })
  const started = Date.now()
  while (!(await isListening(port))) {
    if (server.exitCode !== null || Date.now() - started > 60_000) throw new Error("moto did not start")
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const url = `http://127.0.0.1:${port}`
  const raw = makeRaw(url)
  const store = (prefix: string, options: DynamoDbLeaseStore.Options = {}) =>
    DynamoDbLeaseStore.layer({
      ...reach(url),
      table: (application) => `${prefix}-${application}`,
      requestTimeout: "20 seconds",
      ...options
    })

  for (const { name, run: effect } of LeaseStoreContract.cases) {
    await check(name, Effect.provide(effect, store("plain")))
  }
  for (const { name, run: effect } of LeaseStoreContract.cases) {
    await check(
      `in small pages: ${name}`,
      Effect.provide(effect, store("paged", { pageSize: 7, consistentReads: true }))
    )
  }
  for (const [index, { name, run: effect }] of LeaseStoreContract.cases.entries()) {
    await raw.create(`bare-contract-${index}`, withoutIndex)
    await check(`without the index: ${name}`, Effect.provide(effect, store("bare")))
  }

  const handler = makeHandler(url)
  await check(
    "a hand-off and a lost lease are seen in the refusal itself",
    Effect.gen(function*() {
      const leases = yield* (yield* LeaseStore.LeaseStore).open("refusals")
      yield* leases.create(fresh())
      const [free] = yield* leases.list
      const claim = yield* leases.claim(free!, "ann")
      if (claim._tag === "None") return yield* Effect.dieMessage("no claim")
      yield* leases.requestHandoff(claim.value, "bob")
      handler.calls.length = 0
      const renewed = yield* leases.renew(claim.value)
      strictEqual(renewed.checkpointOwner, "ann")
      yield* leases.claim(renewed, "cid")
      const lost = yield* Effect.flip(leases.renew(renewed))
      strictEqual(lost._tag, "LeaseLost")
      match(lost.message, /cid/)
      deepStrictEqual(handler.operations(), Array.from({ length: 4 }, () => "UpdateItem"))
    }).pipe(Effect.provide(Layer.fresh(store("own", { requestHandler: handler.requestHandler }))))
  )
  raw.sdk.destroy()
} finally {
  server?.kill()
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
