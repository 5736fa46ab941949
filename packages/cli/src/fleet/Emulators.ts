import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Children from "./Children.js"

/** An emulator is not installed, or does not start. */
export class EmulatorMissing extends Data.TaggedError("EmulatorMissing")<{ readonly message: string }> {}

/** Where the two services are, on this machine. */
export interface Endpoints {
  readonly kinesis: string
  readonly dynamodb: string
}

export const region = "us-east-1"

/** Dummies: the emulators check only their form. */
export const credentials = { accessKeyId: "000000000000", secretAccessKey: "secret" }

const require = createRequire(import.meta.url)

const folderOf = (name: string): Effect.Effect<string, EmulatorMissing> =>
  Effect.try({
    try: () => dirname(require.resolve(`${name}/package.json`)),
    catch: () =>
      new EmulatorMissing({
        message:
          `this needs ${name}, which does not come with the published command: run npm run start:fleet in a clone of ` +
          "the repository, or install kinesis-local and dynalite next to @effect-kinesis/cli"
      })
  })

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Any answer shows that it is up; waiting ends if it has ended, or has not answered for two minutes. */
const awaitAnswer = (name: string, url: string, child: Children.Child) =>
  Effect.raceFirst(
    Effect.tryPromise((signal) => fetch(url, { signal })).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(2_400))),
      Effect.mapError(() => new EmulatorMissing({ message: `${name} does not answer at ${url}` }))
    ),
    Effect.flatMap(
      child.ended,
      ({ complaint }) => Effect.fail(new EmulatorMissing({ message: `${name} has ended: ${complaint}` }))
    )
  )

/** By a constant it listens on every address; here it must be reachable only from this machine. */
const loopbackCopy = (home: string) =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const main = readFileSync(join(home, "main.js"), "utf8")
      const bound = main.replaceAll("\"0.0.0.0\"", "\"127.0.0.1\"")
      if (bound === main) {
        return yield* new EmulatorMissing({
          message: "kinesis-local no longer binds to 0.0.0.0: look at what it does bind to"
        })
      }
      const folder = mkdtempSync(join(tmpdir(), "kinesis-local-"))
      writeFileSync(join(folder, "main.js"), bound)
      for (const name of ["server.json", "package.json"]) cpSync(join(home, name), join(folder, name))
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const transitions = ["CREATE_STREAM", "DELETE_STREAM", "SPLIT_SHARD", "MERGE_SHARDS", "UPDATE_SHARD_COUNT"]

/** kinesis-local, an emulator of Kinesis. Its copy is removed as soon as it answers, since it has read all of it by then. */
const startKinesis = Effect.gen(function*() {
  const scope = yield* Effect.scope
  const home = yield* folderOf("kinesis-local")
  const port = yield* freePort
  const tlsPort = yield* freePort
  const url = `http://127.0.0.1:${port}`
  yield* Effect.scoped(Effect.gen(function*() {
    const folder = yield* loopbackCopy(home)
    const child = yield* Scope.extend(
      Children.run({
        program: join(folder, "main.js"),
        isTethered: true,
        env: {
          KINESIS_MOCK_PLAIN_PORT: String(port),
          KINESIS_MOCK_TLS_PORT: String(tlsPort),
          KINESIS_MOCK_CERT_PATH: join(folder, "server.json"),
          SHARD_LIMIT: "500",
          LOAD_DATA_IF_EXISTS: "false",
          LOG_LEVEL: "ERROR",
          ...Object.fromEntries(transitions.map((name) => [`${name}_DURATION`, "20ms"]))
        }
      }),
      scope
    )
    yield* awaitAnswer("kinesis-local", `${url}/healthcheck`, child)
  }))
  return url
})

/** dynalite, an emulator of DynamoDB. */
const startDynamoDb = Effect.gen(function*() {
  const folder = yield* folderOf("dynalite")
  const port = yield* freePort
  const child = yield* Children.run({
    program: join(folder, "cli.js"),
    args: ["--host", "127.0.0.1", "--port", String(port), "--createTableMs", "0"],
    isTethered: true,
    env: {}
  })
  const url = `http://127.0.0.1:${port}`
  yield* awaitAnswer("dynalite", url, child)
  return url
})

/** Both, each in a process of its own on a free port of 127.0.0.1, until the scope is closed. */
export const start: Effect.Effect<Endpoints, EmulatorMissing, Scope.Scope> = Effect.all(
  { kinesis: startKinesis, dynamodb: startDynamoDb },
  { concurrency: 2 }
)
