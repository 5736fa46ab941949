import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, type Scope } from "effect"
import * as Net from "node:net"
import type { AddressInfo } from "node:net"
import type { Readable } from "node:stream"
import { Worker } from "node:worker_threads"
import * as Http2Connection from "../src/internal/wire/http2Connection.js"
import * as Http2Sessions from "../src/internal/wire/http2Sessions.js"
import * as EventStreams from "./support/eventStreams.js"
import * as FanOutServer from "./support/fanOutServer.js"

const kib = 1024

interface Client {
  /** The body of an answer. */
  readonly send: (shardId: string, signal?: AbortSignal) => Effect.Effect<Body, Failed>
  readonly close: () => void
}

type Body = Readable & { readonly rstCode: number }

/** How a call failed. */
class Failed extends Data.TaggedError("Failed")<{
  readonly cause: Error & { readonly unsent?: true; readonly code?: string }
}> {}

const client = (
  url: string,
  options: Partial<Http2Sessions.Options> = {}
): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        Http2Sessions.make({
          ...Http2Sessions.defaults,
          connectMillis: 5_000,
          certificateAuthority: undefined,
          ...options
        })
      ),
      (sessions) => Effect.sync(() => Http2Sessions.close(sessions))
    ),
    (sessions) => {
      const { hostname, port, protocol } = new URL(url)
      return {
        close: () => Http2Sessions.close(sessions),
        send: (shardId, signal) =>
          Effect.tryPromise({
            try: async () => {
              const headers = { host: `${hostname}:${port}`, "x-amz-target": "Kinesis_20131202.SubscribeToShard" }
              const body = JSON.stringify({ ShardId: shardId })
              const request = { protocol, hostname, port: Number(port), path: "/", method: "POST", headers, body }
              return (await Http2Sessions.send(sessions, request, signal)).body as Body
            },
            catch: (cause) => new Failed({ cause: cause as Failed["cause"] })
          })
      }
    }
  )

/** The error of a call that fails. */
const errorOf = <A>(call: Effect.Effect<A, Failed>) => Effect.map(Effect.flip(call), ({ cause }) => cause)

const controllers = (count: number) => range(count).map(() => new AbortController())

const until = (condition: () => boolean) => Effect.repeat(Effect.sleep("2 millis"), { until: condition })

const range = (length: number) => Array.from({ length }, (_, index) => index)

const all = <A, E>(count: number, each: (index: number) => Effect.Effect<A, E>) =>
  Effect.forEach(range(count), each, { concurrency: "unbounded" })

const accept = (call: FanOutServer.Call) => void call.accept().write(EventStreams.accepted)

/** A port on which nothing listens. */
const freePort = Effect.promise(() =>
  new Promise<number>((resolve) => {
    const server = Net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
)

/** A port that takes connections, reads what comes, and says nothing; and its connections. */
const silent = Effect.map(
  Effect.acquireRelease(
    Effect.async<{ readonly server: Net.Server; readonly sockets: ReadonlyArray<Net.Socket> }>((resume) => {
      const sockets: Array<Net.Socket> = []
      const server = Net.createServer((socket) => void sockets.push(socket.on("error", () => undefined).resume()))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  ),
  ({ server, sockets }) => ({ port: (server.address() as AddressInfo).port, sockets })
)

/** A server in a thread of its own, which accepts. A PING it answers when it is released. */
const elsewhere = Effect.gen(function*() {
  const asked = new Int32Array(new SharedArrayBuffer(8))
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new Worker(
        `const { parentPort, workerData: asked } = require("node:worker_threads")
        const server = require("node:http2").createServer((_, response) => response.writeHead(200))
        server.on("session", (session) => session.on("ping", () => {
          Atomics.store(asked, 0, 1)
          Atomics.wait(asked, 1, 0)
        }))
        server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port))`,
        { eval: true, workerData: asked }
      )
    ),
    (worker) => Effect.promise(() => worker.terminate())
  )
  const port = yield* Effect.async<number>((resume) =>
    void worker.once("message", (port) => resume(Effect.succeed(port)))
  )
  return {
    port,
    isAsked: () => Atomics.load(asked, 0) === 1,
    release: () => {
      Atomics.store(asked, 1, 1)
      Atomics.notify(asked, 1)
    },
    stop: Effect.promise(() => worker.terminate())
  }
})

describe("http2Sessions", () => {
  it.scopedLive("sends what HTTP/2 has: no host, but an authority", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url)
      yield* send("s")
      const { headers } = server.calls[0]!
      assert.strictEqual(headers[":authority"], new URL(server.url).host)
      assert.strictEqual(headers[":path"], "/")
      assert.isUndefined(headers.host)
    }))

  it.scopedLive("F107 a peer that takes ten streams has three connections for thirty, and none waits", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept, { maxConcurrentStreams: 10 })
      const { send } = yield* client(server.url)
      assert.strictEqual((yield* all(30, (index) => send(`s${index}`))).length, 30)
      assert.strictEqual(server.connections(), 3)
      const counts = range(3).map((connection) => server.calls.filter((call) => call.connection === connection).length)
      assert.deepStrictEqual(counts, [10, 10, 10])
    }))

  it.scopedLive("F107 64 streams share a connection, however many the peer takes", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("tls", accept, { maxConcurrentStreams: 1_000 })
      const { send } = yield* client(server.url, { certificateAuthority: server.certificate })
      yield* all(130, (index) => send(`s${index}`))
      assert.strictEqual(server.connections(), 3)
    }))

  it.scopedLive("F109 no more than 50 calls are under way, and a renewal opens no connection", () =>
    Effect.gen(function*() {
      let underWay = 0
      let most = 0
      const held: Array<FanOutServer.Call> = []
      let isHeld = true
      const answer = (call: FanOutServer.Call): void => {
        underWay--
        accept(call)
      }
      const server = yield* FanOutServer.make("h2c", (call) => {
        most = Math.max(most, ++underWay)
        if (isHeld) held.push(call)
        else setImmediate(answer, call)
      })
      const { send } = yield* client(server.url)
      for (const renewal of [false, true]) {
        isHeld = true
        const aborting = controllers(120)
        const calls = yield* Effect.fork(all(120, (index) => send(`s${index}`, aborting[index]!.signal)))
        yield* until(() => held.length === 50)
        isHeld = false
        held.splice(0).forEach(answer)
        yield* calls.await
        assert.strictEqual(most, 50)
        assert.strictEqual(server.connections(), 2, `renewal: ${renewal}`)
        for (const controller of aborting) controller.abort()
        yield* until(() => server.calls.every((call) => call.ended() !== undefined))
      }
      assert.strictEqual(server.calls.length, 240)
    }))

  it.scopedLive("F108 after a GOAWAY the streams go on, and new ones go elsewhere", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url)
      const first = yield* send("first")
      server.calls[0]!.goAway(0)
      const bytes: Array<Buffer> = []
      first.on("data", (piece: Buffer) => bytes.push(piece))
      const renewed = Effect.retry(send("next"), { while: ({ cause }) => cause.unsent === true })
      while ((yield* renewed, server.calls.at(-1)!.connection) === 0);
      const before = server.calls.length
      yield* all(10, (index) => send(`s${index}`))
      assert.isTrue(server.calls.slice(before).every(({ connection }) => connection === 1))
      server.calls[0]!.write(EventStreams.emptyEvent)
      server.calls[0]!.end()
      yield* until(() => first.readableEnded)
      assert.deepStrictEqual(Buffer.concat(bytes), Buffer.concat([EventStreams.accepted, EventStreams.emptyEvent]))
      yield* until(() => server.calls.filter(({ ended }) => ended() === undefined).length === server.calls.length - 1)
    }))

  it.scopedLive("F89 a stream above a GOAWAY's last was not looked at: it is unsent", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", (call) => {
        if (call.shardId === "above") call.goAway(0, 1)
        else accept(call)
      })
      const { send } = yield* client(server.url)
      const first = yield* send("first")
      const error = yield* errorOf(send("above"))
      assert.isTrue(error.unsent, error.message)
      assert.isFalse(first.destroyed)
      yield* send("s")
      assert.strictEqual(server.connections(), 2)
    }))

  it.scopedLive("a GOAWAY with an error ends the streams", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url)
      const body = yield* send("s")
      body.on("error", () => undefined)
      server.calls[0]!.goAway(2)
      yield* until(() => body.destroyed)
      yield* send("s")
      assert.strictEqual(server.connections(), 2)
    }))

  it.scopedLive("F89 a refused stream is unsent, one that was reset otherwise is not", () =>
    Effect.gen(function*() {
      let code = 7
      const server = yield* FanOutServer.make("h2c", (call) => call.reset(code))
      const { send } = yield* client(server.url)
      assert.deepInclude(yield* errorOf(send("s")), { unsent: true, code: "ECONNRESET" })
      code = 2
      const error = yield* errorOf(send("s"))
      assert.isUndefined(error.unsent)
      assert.include(error.message, "INTERNAL_ERROR")
      assert.strictEqual(server.connections(), 1)
    }))

  it.scopedLive("F89 without a connection all that wait are unsent", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const { send } = yield* client(`http://127.0.0.1:${port}`)
      for (const error of yield* all(70, () => errorOf(send("s")))) {
        assert.deepInclude(error, { unsent: true, code: "ECONNREFUSED" })
      }
    }))

  it.scopedLive("F89 a connection that does not open in time is none", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* silent
      const { send } = yield* client(`https://127.0.0.1:${port}`, { connectMillis: 20 })
      const error = yield* errorOf(send("s"))
      assert.isTrue(error.unsent)
      assert.include(error.message, `no connection to 127.0.0.1:${port} within 20 ms`)
      yield* until(() => sockets.length === 1 && sockets[0]!.destroyed)
    }))

  it.scopedLive("an endpoint of TLS without HTTP/2 is found by its answer to ALPN", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("https", accept)
      const { send } = yield* client(server.url, { certificateAuthority: server.certificate })
      assert.instanceOf(yield* errorOf(send("s")), Http2Connection.NoHttp2)
    }))

  it.scopedLive("F97 a peer that is gone without a word ends all streams, and others go elsewhere", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const proxy = yield* FanOutServer.proxy(server)
      const { send } = yield* client(proxy.url, { quietMillis: 20, pongMillis: 20 })
      const bodies = yield* all(5, (index) => send(`s${index}`))
      const errors: Array<Error> = []
      for (const body of bodies) body.on("error", (error) => errors.push(error)).resume()
      const frozenCall = yield* Effect.fork(errorOf(Effect.zipRight(until(() => isFrozen), send("s"))))
      let isFrozen = false
      proxy.freeze()
      isFrozen = true
      yield* until(() => bodies.every((body) => body.destroyed))
      assert.strictEqual(errors.length, 5)
      for (const { message } of errors) assert.include(message, "PING")
      yield* frozenCall.await
      yield* send("s")
      assert.strictEqual(proxy.connections(), 2)
    }))

  it.scopedLive("F97 a peer that is there, and silent, is asked again and again, and kept", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url, { quietMillis: 10, pongMillis: 5_000 })
      const body = yield* send("s")
      body.resume()
      yield* until(() => server.pings() >= 5)
      assert.isFalse(body.destroyed)
      body.pause()
      yield* Effect.sleep("30 millis")
      const before = server.pings()
      yield* Effect.sleep("60 millis")
      assert.isAtMost(server.pings(), before + 1, "nobody waits: nobody asks")
    }))

  it.scopedLive("F97 what came while this process was busy is read before a peer is given up", () =>
    Effect.gen(function*() {
      const { isAsked, port, release, stop } = yield* elsewhere
      const { send } = yield* client(`http://127.0.0.1:${port}`, { quietMillis: 8, pongMillis: 1_000 })
      const body = yield* send("s")
      body.on("error", () => undefined).resume()
      yield* until(isAsked)
      yield* Effect.async<void>((resume) =>
        void setImmediate(() => {
          release()
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100)
          resume(Effect.void)
        })
      )
      yield* Effect.sleep("20 millis")
      assert.isFalse(body.destroyed)
      yield* stop
      yield* until(() => body.destroyed)
    }))

  it.scopedLive("closes a session that has no streams, and opens another when there are", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url, { idleMillis: 10 })
      for (const time of [1, 2]) {
        const [aborting] = controllers(1)
        yield* send("s", aborting!.signal)
        aborting!.abort()
        yield* until(() => server.openConnections() === 0)
        assert.strictEqual(server.connections(), time)
      }
    }))

  it.scopedLive("closes a session that opened when nobody waited any more", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url, { idleMillis: 10 })
      const [aborting] = controllers(1)
      const call = yield* Effect.fork(Effect.flip(send("s", aborting!.signal)))
      yield* Effect.yieldNow()
      aborting!.abort()
      yield* call.await
      yield* until(() => server.connections() === 1 && server.openConnections() === 0)
      assert.deepStrictEqual(server.calls, [])
    }))

  it.scopedLive("F110 the end of the client ends a connection that is being opened", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* silent
      const { close, send } = yield* client(`https://127.0.0.1:${port}`, {
        connectMillis: 60_000
      })
      const call = yield* Effect.fork(errorOf(send("s")))
      yield* until(() => sockets.length === 1)
      close()
      assert.isTrue((yield* Effect.flatten(call.await)).unsent)
      yield* until(() => sockets[0]!.destroyed)
    }))

  it.scopedLive("F89 a peer that accepts a connection, and says nothing, has no session", () =>
    Effect.gen(function*() {
      const { port } = yield* silent
      const { send } = yield* client(`http://127.0.0.1:${port}`, { connectMillis: 20 })
      for (const error of yield* all(3, () => errorOf(send("s")))) {
        assert.isTrue(error.unsent)
        assert.include(error.message, "no SETTINGS within 20 ms")
      }
    }))

  it.scopedLive("F110 an abort resets the stream, and leaves the session to others", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { send } = yield* client(server.url)
      const aborting = controllers(3)
      const [first, second] = yield* all(3, (index) => send(`s${index}`, aborting[index]!.signal))
      first!.resume()
      aborting[0]!.abort()
      aborting[1]!.abort()
      yield* until(() => server.calls.filter((call) => call.ended() === 8).length === 2)
      assert.isTrue(first!.destroyed && second!.destroyed)
      assert.isUndefined(server.calls.find(({ shardId }) => shardId === "s2")!.ended())
      assert.strictEqual(server.openConnections(), 1)
    }))

  it.scopedLive("F110 a call that is given up before it has a stream, or an answer, is not made, or reset", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", () => undefined)
      const { send } = yield* client(server.url)
      const aborted = AbortSignal.abort()
      assert.strictEqual((yield* errorOf(send("never", aborted))).name, "AbortError")
      const aborting = controllers(60)
      const calls = yield* Effect.fork(all(60, (index) => errorOf(send(`s${index}`, aborting[index]!.signal))))
      yield* until(() => server.calls.length === 50)
      for (const controller of aborting.toReversed()) controller.abort()
      for (const error of yield* Effect.flatten(calls.await)) assert.strictEqual(error.name, "AbortError")
      yield* until(() => server.calls.every((call) => call.ended() === 8))
      assert.strictEqual(server.calls.length, 50)
    }))

  it.scopedLive("F110 the end of the client ends its streams and its connections", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", accept)
      const { close, send } = yield* client(server.url, { closeMillis: 60_000 })
      yield* all(3, (index) => send(`s${index}`))
      close()
      yield* until(() => server.openConnections() === 0)
      assert.isTrue(server.calls.every((call) => call.ended() === 8))
      assert.isTrue((yield* errorOf(send("s"))).unsent)
    }))

  it.scopedLive("F104 stopped streams hold their windows and no more, which shrink as there are more", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", (call) => call.accept().pour(Buffer.alloc(16 * kib)))
      const { send } = yield* client(server.url, { budgetBytes: 2_048 * kib })
      const first = yield* send("s")
      const atRest = (bytes: number) => until(() => server.calls.every((call) => call.sent() >= bytes - 16 * kib))
      yield* atRest(1_024 * kib)
      yield* all(15, (index) => send(`s${index}`))
      yield* atRest(64 * kib)
      yield* Effect.sleep("30 millis")
      const [held, ...others] = server.calls.map((call) => call.sent())
      assert.isAtMost(held!, 1_024 * kib)
      for (const bytes of others) assert.isAtMost(bytes, 1_024 * kib)
      assert.isAtMost(others.slice(8).reduce((sum, bytes) => sum + bytes, 0), 8 * 128 * kib)
      assert.deepStrictEqual([...new Set(server.windows)].map((bytes) => bytes / kib), [1024, 512, 256, 128, 64])
      let got = 0
      first.on("data", (piece: Buffer) => {
        got += piece.length
      })
      yield* until(() => got > 4_096 * kib)
    }))

  it.scopedLive("F106 63 stopped streams of 64 do not hold up the last", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", (call) => call.accept().pour(Buffer.alloc(16 * kib)))
      const { send } = yield* client(server.url, { budgetBytes: 16 * 1_024 * kib })
      const bodies = yield* all(64, (index) => send(`s${index}`))
      yield* until(() => server.calls.every((call) => call.sent() >= 48 * kib))
      assert.strictEqual(server.connections(), 1)
      let got = 0
      bodies[63]!.on("data", (piece: Buffer) => {
        got += piece.length
      })
      yield* until(() => got > 8 * 1_024 * kib)
      for (const [index, call] of server.calls.entries()) {
        if (call.shardId !== "s63") assert.isAtMost(call.sent(), 1_024 * kib, `stream ${index}`)
      }
    }))
})
