/**
 * The suite of every `LeaseStore` against Amazon's DynamoDB Local, and what the other emulator does not have: a refused condition that comes
 * with the row. Needs a JVM (17) and Maven.
 */
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { Effect, Layer, Logger } from "effect"
import { LeaseStore, LeaseStoreContract } from "effect-kinesis"
import { strictEqual } from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { makeHandler } from "../support/handler.js"
import { fresh, makeRaw, reach, withoutIndex } from "../support/table.js"

const here = dirname(fileURLToPath(import.meta.url))

const run = (command: string, args: ReadonlyArray<string>): Promise<void> =>
  new Promise((resolve, reject) => {
    spawn(command, args, { cwd: here, stdio: ["ignore", "ignore", "inherit"] })
      .on("error", reject)
      .on("exit", (code) => code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`)))
  })

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

const folder = mkdtempSync(join(tmpdir(), "dynamodb-local-"))
let server: ChildProcess | undefined
try {
  await run("mvn", ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${folder}`])
  const port = await freePort()
  server = spawn(
    "java",
    [
      `-Djava.library.path=${folder}`,
      "-cp",
      join(folder, "*"),
      "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
      "-inMemory",
      "-disableTelemetry",
      "-port",
      String(port)
    ],
    { cwd: folder, stdio: "ignore" }
  )
  const started = Date.now()
  while (!(await isListening(port))) {
    if (server.exitCode !== null || Date.now() - started > 60_000) throw new Error("DynamoDB Local did not start")
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
    "a hand-over and a lost lease are seen in the refusal itself",
    Effect.gen(function*() {
      const leases = yield* (yield* LeaseStore.LeaseStore).open("refusals")
      yield* leases.create(fresh())
      const [free] = yield* leases.list
      const claim = yield* leases.claim(free!, "ann")
      if (claim._tag === "None") return yield* Effect.dieMessage("no claim")
      yield* leases.requestHandOver(claim.value, "bob")
      handler.calls.length = 0
      const renewed = yield* leases.renew(claim.value)
      strictEqual(renewed.checkpointOwner, "ann")
      const lost = yield* Effect.flip(leases.renew(free!))
      strictEqual(lost._tag, "LeaseLost")
      strictEqual(handler.operations().filter((operation) => operation === "UpdateItem").length, 2)
    }).pipe(Effect.provide(Layer.fresh(store("own", { requestHandler: handler.requestHandler }))))
  )
  raw.sdk.destroy()
} finally {
  server?.kill()
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
