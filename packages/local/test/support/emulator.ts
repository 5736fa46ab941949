import { Config, Effect, Schedule, type Scope } from "effect"
import type { KinesisClient } from "effect-kinesis"
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const home = dirname(createRequire(import.meta.url).resolve("kinesis-local/package.json"))

/** It listens on every address, by a constant; here it is to be reached from this machine alone. */
const loopbackCopy = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "kinesis-local-"))
    const main = readFileSync(join(home, "main.js"), "utf8")
    const bound = main.replaceAll("\"0.0.0.0\"", "\"127.0.0.1\"")
    if (bound === main) throw new Error("kinesis-local no longer binds to 0.0.0.0: look at what it does bind to")
    writeFileSync(join(folder, "main.js"), bound)
    cpSync(join(home, "server.json"), join(folder, "server.json"))
    cpSync(join(home, "package.json"), join(folder, "package.json"))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Starts kinesis-local, an emulator that is not ours, on a free loopback port; ends it with the scope. */
export const start: Effect.Effect<KinesisClient.Options & { readonly endpoint: string }, unknown, Scope.Scope> = Effect
  .gen(function*() {
    const folder = yield* loopbackCopy
    const port = yield* freePort
    const tlsPort = yield* freePort
    const path = yield* Config.string("PATH")
    const transitions = [
      "CREATE_STREAM",
      "DELETE_STREAM",
      "SPLIT_SHARD",
      "MERGE_SHARDS",
      "UPDATE_SHARD_COUNT",
      "REGISTER_STREAM_CONSUMER",
      "DEREGISTER_STREAM_CONSUMER"
    ]
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [join(folder, "main.js")], {
          stdio: "ignore",
          env: {
            PATH: path,
            KINESIS_MOCK_PLAIN_PORT: String(port),
            KINESIS_MOCK_TLS_PORT: String(tlsPort),
            KINESIS_MOCK_CERT_PATH: join(folder, "server.json"),
            SHARD_LIMIT: "500",
            LOAD_DATA_IF_EXISTS: "false",
            LOG_LEVEL: "ERROR",
            ...Object.fromEntries(transitions.map((name) => [`${name}_DURATION`, "20ms"]))
          }
        })
      ),
      (emulator) =>
        Effect.async<void>((resume) => {
          emulator.once("exit", () => resume(Effect.void))
          if (!emulator.kill("SIGKILL")) resume(Effect.void)
        })
    )
    const endpoint = `http://127.0.0.1:${port}`
    yield* Effect.tryPromise((signal) => fetch(`${endpoint}/healthcheck`, { signal })).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(4_000)))
    )
    return {
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "secret" }
    }
  })
