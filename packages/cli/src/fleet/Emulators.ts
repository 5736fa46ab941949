import * as KinesisServer from "@effect-kinesis/server/KinesisServer"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import * as Children from "./Children.js"

/** An emulator is not installed, or does not start. */
export class EmulatorMissing extends Data.TaggedError("EmulatorMissing")<{ readonly message: string }> {}

/** Where the two services are, on this machine. */
export interface Services {
  /** Region and credentials go for both services. */
  readonly kinesis: KinesisServer.ClientOptions
  /** Its endpoint. */
  readonly dynamodb: string
}

const require = createRequire(import.meta.url)

const folderOf = (name: string): Effect.Effect<string, EmulatorMissing> =>
  Effect.try({
    try: () => dirname(require.resolve(`${name}/package.json`)),
    catch: () =>
      new EmulatorMissing({
        message:
          `this needs ${name}, which does not come with the published command: run npm run start:fleet in a clone of ` +
          `the repository, or install ${name} next to @effect-kinesis/cli`
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

/** The server of `kinesis serve`, in this process: it is there before the workers, and ends after them. Changes take a moment, as AWS's do. */
const startKinesis = Effect.map(KinesisServer.make({ transition: "20 millis" }), ({ clientOptions }) => clientOptions)

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

/** Both, each on a free port of 127.0.0.1, until the scope is closed. */
export const start: Effect.Effect<Services, EmulatorMissing | KinesisServer.StartError, Scope.Scope> = Effect.all(
  { kinesis: startKinesis, dynamodb: startDynamoDb },
  { concurrency: 2 }
)
