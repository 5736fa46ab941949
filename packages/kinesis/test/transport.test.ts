import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { KinesisClient } from "effect-kinesis"
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo, Server, Socket } from "node:net"
import { generate } from "selfsigned"
import { clientOptions } from "./support/httpServer.js"

type Respond = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

const page = JSON.stringify({ Records: [], NextShardIterator: "n", MillisBehindLatest: 0 })
const answer: Respond = (_, response) => void response.end(page)

interface Listening {
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  /** Connections that were ever opened. */
  readonly opened: () => number
  readonly stop: Effect.Effect<void>
}

const listen = (server: Server, port = 0): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Listening>((resume) => {
      const sockets = new Set<Socket>()
      let opened = 0
      server.on("connection", (socket: Socket) => {
        opened++
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      const stop = Effect.async<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
      server.listen(port, "127.0.0.1", () =>
        resume(Effect.succeed({
          port: (server.address() as AddressInfo).port,
          sockets,
          opened: () => opened,
          stop
        })))
    }),
    ({ stop }) => stop
  )

const http = (respond: Respond, port?: number) => listen(Http.createServer({ keepAliveTimeout: 0 }, respond), port)

const connect = ({ port }: Listening, options: KinesisClient.Options = {}) =>
  KinesisClient.make({ ...clientOptions(`http://127.0.0.1:${port}`), ...options })

const read = (client: KinesisClient.Service) =>
  client.getRecords({ stream: "orders", shardId: "shardId-000000000000", shardIterator: "i" })

const until = (condition: () => boolean) => Effect.repeat(Effect.sleep("5 millis"), { until: condition })

describe("the transport", () => {
  it.scopedLive("makes no more connections than calls are under way, and never more than maxSockets", () =>
    Effect.gen(function*() {
      let underWay = 0
      let most = 0
      const server = yield* http((_, response) => {
        most = Math.max(most, ++underWay)
        setTimeout(() => {
          underWay--
          response.end(page)
        }, 5)
      })
      const client = yield* connect(server, { maxSockets: 4 })
      const calls = Array.from({ length: 40 }, () => read(client))
      yield* Effect.all(calls.slice(0, 2), { concurrency: "unbounded" })
      assert.strictEqual(server.opened(), 2)
      yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.strictEqual(server.opened(), 4)
      assert.strictEqual(most, 4)
    }))

  it.scopedLive("survives connections that the server closes between calls, as AWS does", () =>
    Effect.gen(function*() {
      const server = yield* http((_, response) => {
        response.setHeader("connection", "close")
        response.end(page)
      })
      const client = yield* connect(server)
      for (let call = 0; call < 5; call++) yield* read(client)
      assert.strictEqual(server.opened(), 5)
    }))

  it.scopedLive("survives a server that is restarted", () =>
    Effect.gen(function*() {
      const first = yield* http(answer)
      const client = yield* connect(first)
      yield* read(client)
      yield* first.stop
      assert.strictEqual((yield* Effect.flip(read(client)))._tag, "ServiceUnavailable")
      yield* http(answer, first.port)
      assert.strictEqual((yield* read(client)).nextShardIterator, "n")
    }))

  it.scopedLive("an answer that is cut off is unavailable, with nothing of it handed on", () =>
    Effect.gen(function*() {
      let isCut = true
      const server = yield* http((request, response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": page.length })
        response.write(page.slice(0, 20))
        if (isCut) setTimeout(() => request.socket.destroy(), 20)
        else response.end(page.slice(20))
      })
      const client = yield* connect(server)
      for (let call = 0; call < 3; call++) {
        assert.strictEqual((yield* Effect.flip(read(client)))._tag, "ServiceUnavailable")
      }
      isCut = false
      assert.strictEqual((yield* read(client)).nextShardIterator, "n")
    }))

  it.scopedLive("an answer that stops in its middle is ended by the deadline, and its connection closed", () =>
    Effect.gen(function*() {
      const server = yield* http((_, response) => {
        response.writeHead(200, { "content-length": page.length })
        response.write(page.slice(0, 20))
      })
      const client = yield* connect(server, { getRecordsTimeout: "60 millis" })
      for (let call = 0; call < 2; call++) {
        assert.strictEqual((yield* Effect.flip(read(client)))._tag, "RequestTimeout")
      }
      yield* until(() => server.sockets.size === 0)
    }))

  it.scopedLive("leaves no listener behind, however many calls a connection carries or loses", () =>
    Effect.gen(function*() {
      const warnings: Array<Error> = []
      const onWarning = (warning: Error) => void warnings.push(warning)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("warning", onWarning)),
        () => Effect.sync(() => process.off("warning", onWarning))
      )
      let isSilent = false
      const server = yield* http((request, response) => isSilent ? undefined : answer(request, response))
      const client = yield* connect(server)
      for (let call = 0; call < 40; call++) yield* read(client)
      assert.strictEqual(server.opened(), 1)
      isSilent = true
      for (let call = 0; call < 20; call++) {
        const fiber = yield* Effect.fork(read(client))
        yield* Effect.sleep("2 millis")
        yield* Fiber.interrupt(fiber)
      }
      yield* until(() => server.sockets.size === 0)
      assert.deepStrictEqual(warnings.filter(({ name }) => name === "MaxListenersExceededWarning"), [])
    }))

  it.scopedLive("speaks TLS, and refuses a certificate that it does not know", () =>
    Effect.gen(function*() {
      const { cert, private: key } = yield* Effect.promise(() =>
        generate([{ name: "commonName", value: "127.0.0.1" }], {
          keyType: "ec",
          extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }]
        } as never)
      )
      const server = yield* listen(Https.createServer({ cert, key, keepAliveTimeout: 0 }, answer))
      const client = yield* KinesisClient.make({
        ...clientOptions(`https://127.0.0.1:${server.port}`),
        certificateAuthority: cert
      })
      for (let call = 0; call < 5; call++) assert.strictEqual((yield* read(client)).nextShardIterator, "n")
      assert.strictEqual(server.opened(), 1)
      const stranger = yield* KinesisClient.make(clientOptions(`https://127.0.0.1:${server.port}`))
      const error = yield* Effect.flip(read(stranger))
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.match(error.message, /self-signed certificate|unable to verify/)
    }))
})
