import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisStream } from "effect-kinesis"
import * as AwsSdk from "effect-kinesis/AwsSdk"
import * as HttpServer from "./support/httpServer.js"
import { connect, ways } from "./support/wireClients.js"

const list = (client: KinesisClient.Service) => client.listShards({ stream: "orders" })
const read = (client: KinesisClient.Service) =>
  client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i" })

/** A service whose clock is off by so much from this machine's, and that refuses what it is told to refuse. */
const service = (offMillis: number) =>
  Effect.gen(function*() {
    const refusing = { with: undefined as undefined | readonly [name: string, message: string] }
    const server = yield* HttpServer.make(
      ({ operation }) =>
        refusing.with === undefined
          ? {
            status: 200,
            body: operation === "GetRecords" ? { Records: [], NextShardIterator: "n" } : { Shards: [] }
          }
          : { status: 400, body: { __type: refusing.with[0], message: refusing.with[1] } },
      { date: () => new Date(Date.now() + offMillis) }
    )
    return { refusing, server }
  })

const expired = [
  "InvalidSignatureException",
  "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
] as const
const wrong = ["InvalidSignatureException", "The request signature we calculated does not match"] as const
const denied = ["AccessDeniedException", "not authorized to perform: kinesis:ListShards"] as const

const calls: ReadonlyArray<
  readonly [string, (client: KinesisClient.Service) => Effect.Effect<unknown, { readonly _tag: string }>]
> = [["ListShards", list], ["GetRecords", read]]

describe.each(ways)("refusals of the time and of the signature, by a client that reads by %s", (way) => {
  for (const [operation, call] of calls) {
    it.scopedLive(`a request of ${operation} that lay too long is sent again, when the clock is right by now`, () =>
      Effect.gen(function*() {
        const { refusing, server } = yield* service(0)
        const client = yield* connect(way, server)
        yield* call(client)
        for (
          const refusal of [
            expired,
            ["RequestExpired", "too old"],
            ["RequestTimeTooSkewed", "too far"],
            ["RequestInTheFuture", "too early"]
          ] as const
        ) {
          refusing.with = refusal
          const error = yield* Effect.flip(call(client))
          assert.isTrue(KinesisError.isTransient(error), refusal[0])
          assert.include(String(error), "this machine's clock is wrong")
        }
        refusing.with = undefined
        yield* call(client)
      }))

    it.scopedLive(`the SDK sets its clock by a refusal of ${operation}: after that the same refusal is final`, () =>
      Effect.gen(function*() {
        for (const refusal of [wrong, denied]) {
          const { refusing, server } = yield* service(600_000)
          const client = yield* connect(way, server)
          refusing.with = refusal
          const first = yield* Effect.flip(call(client))
          assert.isTrue(KinesisError.isTransient(first), String(first))
          for (let time = 0; time < 3; time++) {
            assert.strictEqual((yield* Effect.flip(call(client)))._tag, "AccessDenied")
          }
        }
      }))

    it.scopedLive(`a wrong signature of ${operation} and a missing permission are final where the clock is right`, () =>
      Effect.gen(function*() {
        const { refusing, server } = yield* service(0)
        const client = yield* connect(way, server)
        yield* call(client)
        for (const refusal of [wrong, denied]) {
          refusing.with = refusal
          assert.strictEqual((yield* Effect.flip(call(client)))._tag, "AccessDenied")
        }
      }))
  }

  for (
    const [status, tag] of [[408, "RequestTimeout"], [421, "ServiceUnavailable"], [425, "ServiceUnavailable"], [
      429,
      "ThrottledError"
    ]] as const
  ) {
    it.scopedLive(`B10 ${status} without a body is ${tag}`, () =>
      Effect.gen(function*() {
        const server = yield* HttpServer.make(() => ({ status, contentType: "text/plain", bytes: Buffer.alloc(0) }))
        const client = yield* connect(way, server)
        for (const [, call] of calls) assert.strictEqual((yield* Effect.flip(call(client)))._tag, tag)
      }))
  }
})

describe("a clock that stays wrong", () => {
  it.effect("ends reading after the transient retries, with an error that names the clock and the remedy", () =>
    Effect.gen(function*() {
      const { client, local } = yield* LocalKinesis.make({ streams: [{ name: "orders" }] })
      const [name, message] = expired
      const refusal = (operation: string) =>
        AwsSdk.errorFromCause({ operation, stream: "orders" }, Object.assign(new Error(message), { name }))
      yield* local.fail({ operation: "getRecords", times: 10_000, error: refusal })
      const fiber = yield* KinesisStream.records({ stream: "orders", from: "trim-horizon" }).pipe(
        Stream.runDrain,
        Effect.provideService(KinesisClient.KinesisClient, client),
        Effect.flip,
        Effect.fork
      )
      yield* TestClock.adjust("4 minutes")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("2 minutes")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.include(error.message, `this machine's clock is wrong: set it, as NTP does: ${message}`)
    }))
})
