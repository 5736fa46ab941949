/** What is told to somebody whose first call does not get through. */
import { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { KinesisClient, KinesisError, KinesisStream } from "effect-kinesis"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { generate } from "selfsigned"
import * as ErrorMapping from "../src/internal/wire/errorMapping.js"
import * as HttpServer from "./support/httpServer.js"
import { connect, ways } from "./support/wireClients.js"

const refusal = (name: string, message = "as told", status = 400): HttpServer.Answer => () => ({
  status,
  body: { __type: name, message }
})

const raw = (status: number, contentType: string, text: string): HttpServer.Answer => () => ({
  status,
  contentType,
  bytes: Buffer.from(text)
})

const iterator = { stream: "orders", shardId: "shardId-0", shardIterator: "i" }

const places: Readonly<Record<string, string>> = { listShards: "orders", getRecords: "orders/shardId-0" }

/** The error of the first call and of a later one, which goes another way. */
const errors = (client: KinesisClient.Service) =>
  Effect.all({
    listShards: Effect.flip(client.listShards({ stream: "orders" })),
    getRecords: Effect.zipRight(Effect.flip(client.getRecords(iterator)), Effect.flip(client.getRecords(iterator)))
  })

describe.each(ways)("a refusal of the credentials, read by %s", (way) => {
  const told: ReadonlyArray<readonly [names: ReadonlyArray<string>, reason: string, says: string]> = [
    [["AccessDenied", "AccessDeniedException"], "permission", "access denied, the call needs kinesis:"],
    [
      ["UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationToken"],
      "credentials",
      "the credentials are refused, check the access key, the session token, and which account and partition they are of"
    ],
    [
      ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException"],
      "signature",
      "the signature is refused, check the secret access key, and that no proxy changes requests"
    ],
    [
      ["ExpiredTokenException", "ExpiredToken"],
      "expired",
      "the credentials have expired, sign in again or get new ones"
    ]
  ]
  for (const [names, reason, says] of told) {
    it.scopedLive(`says which it is: ${reason}`, () =>
      Effect.gen(function*() {
        for (const name of names) {
          const server = yield* HttpServer.make(refusal(name))
          const all = yield* errors(yield* connect(way, server))
          for (const [operation, error] of Object.entries(all)) {
            const api = apiName(operation)
            assert.deepInclude(error, { _tag: "AccessDenied", reason, action: `kinesis:${api}` } as never)
            const what = reason === "permission" ? `${says}${api}` : says
            assert.strictEqual(error.message, `${api} on ${places[operation]}: ${what}: as told`)
            assert.strictEqual(KinesisError.isExpiredCredentials(error), reason === "expired")
          }
        }
      }))
  }
})

const apiName = (operation: string): string => operation[0]!.toUpperCase() + operation.slice(1)

describe.each(["json", "sdk"] as const)("an answer that is not Kinesis', read by %s", (way) => {
  const page = "<html><head><title>Sign in</title></head></html>"
  const told: ReadonlyArray<readonly [answer: HttpServer.Answer, tag: string, says: string]> = [
    [
      raw(404, "text/html", page),
      "InvalidArgument",
      `HTTP 404 (text/html) is no answer of Kinesis, check the endpoint: ${page}`
    ],
    [
      raw(502, "text/html", page),
      "ServiceUnavailable",
      `HTTP 502 (text/html) is no answer of Kinesis, check the endpoint: ${page}`
    ],
    [raw(403, "text/html", page), "AccessDenied", `: access denied: HTTP 403 (text/html) is no answer of Kinesis`],
    [raw(500, "text/plain", ""), "ServiceUnavailable", ": HTTP 500 (text/plain)"],
    [raw(500, "application/json", "{}"), "ServiceUnavailable", ": HTTP 500 (application/json): {}"],
    [raw(200, "text/html", page), "ServiceUnavailable", "HTTP 200 (text/html)"],
    [
      raw(400, "application/xml", "<?xml version=\"1.0\"?><Error/>"),
      "InvalidArgument",
      "HTTP 400 (application/xml) is no answer"
    ],
    [
      raw(400, "application/x-amz-json-1.0", "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}"),
      "InvalidArgument",
      "; the endpoint may be that of another service"
    ],
    [refusal("SomethingNewException", "odd"), "InvalidArgument", "HTTP 400 (application/x-amz-json-1.1): odd"]
  ]
  for (const [answer, tag, says] of told) {
    it.scopedLive(`has its status and its first bytes in the message: ${says}`, () =>
      Effect.gen(function*() {
        const server = yield* HttpServer.make(answer)
        for (const error of Object.values(yield* errors(yield* connect(way, server)))) {
          assert.strictEqual(error._tag, tag)
          assert.include(error.message, says)
          assert.notInclude(error.message, "hidden field")
          assert.isBelow(error.message.length, 400)
        }
      }))
  }

  it.scopedLive("is quoted in part, however long it is", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(raw(502, "text/html", `<html>${"x".repeat(1_000_000)}`))
      for (const error of Object.values(yield* errors(yield* connect(way, server)))) {
        assert.isBelow(error.message.length, 300)
      }
    }))
})

const certificate = Effect.map(
  Effect.promise(() => generate([{ name: "commonName", value: "127.0.0.1" }], { keySize: 2048 })),
  ({ cert, private: key }) => ({ cert, key })
)

/** The port on which a server listens until the scope closes. */
const listening = (server: Net.Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as Net.AddressInfo).port)))
    }),
    () => Effect.sync(() => server.close())
  )

const onTheWay = "the network, and a proxy or firewall on the way"

describe("an endpoint that is not what it seems", () => {
  const asked = (endpoint: string, more: KinesisClient.Options = {}) =>
    Effect.flatMap(
      KinesisClient.make({ ...HttpServer.clientOptions(endpoint), ...more }),
      (client) => Effect.flip(client.listShards({ stream: "orders" }))
    )

  it.scopedLive("TLS on a port without it", () =>
    Effect.gen(function*() {
      const { url } = yield* HttpServer.make(() => ({ status: 200, body: {} }))
      const error = yield* asked(url.replace("http:", "https:"))
      assert.include(error.message, "the endpoint speaks no TLS: is it http:// in place of https://?")
    }))

  it.scopedLive("a certificate of its own", () =>
    Effect.gen(function*() {
      const error = yield* asked(`https://127.0.0.1:${yield* listening(Https.createServer(yield* certificate))}`)
      assert.include(error.message, "; trust the endpoint's certificate by layer({ certificateAuthority })")
    }))

  it.scopedLive("a port of TLS, without it", () =>
    Effect.gen(function*() {
      const pair = yield* certificate
      for (const server of [Https.createServer(pair), Tls.createServer(pair)]) {
        const endpoint = `http://127.0.0.1:${yield* listening(server)}`
        const reset =
          /the service is unavailable: .+; the endpoint closed the connection without an answer: is it https:\/\/ in/
        assert.match((yield* asked(endpoint)).message, reset)
        const client = yield* KinesisClient.make(HttpServer.clientOptions(endpoint))
        for (const error of Object.values(yield* errors(client))) assert.match(error.message, reset)
      }
    }))

  it.scopedLive("a port of TLS that says so in TLS, without it", () =>
    Effect.gen(function*() {
      const alert = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])
      const server = Net.createServer((socket) => void socket.on("error", () => undefined).end(alert))
      const error = yield* asked(`http://127.0.0.1:${yield* listening(server)}`)
      assert.include(error.message, "the endpoint speaks no HTTP: is it https:// in place of http://?")
    }))

  it.scopedLive("something that closes every connection, over TLS", () =>
    Effect.gen(function*() {
      const server = Net.createServer((socket) => void socket.on("error", () => undefined).destroy())
      const error = yield* asked(`https://127.0.0.1:${yield* listening(server)}`)
      assert.include(error.message, `; the connection was closed without an answer: check the endpoint, ${onTheWay}`)
    }))

  describe.each(ways)("an endpoint that has answered, asked by %s", (way) => {
    it.scopedLive("is not doubted when a connection ends", () =>
      Effect.gen(function*() {
        let isOpen = true
        const server = yield* HttpServer.make(() => isOpen ? { status: 500, body: {} } : "reset")
        const client = yield* connect(way, server)
        yield* errors(client)
        isOpen = false
        for (const error of Object.values(yield* errors(client))) {
          assert.match(error.message, /the service is unavailable: [\w ]+$/)
        }
      }))
  })

  it.scopedLive("is not doubted either where GetRecords alone has had an answer, by its fast path", () =>
    Effect.gen(function*() {
      let answer: HttpServer.Answer = () => "reset"
      const client = yield* connect("json", yield* HttpServer.make((received) => answer(received)))
      const read = Effect.map(Effect.flip(client.getRecords(iterator)), ({ message }) => message)
      assert.include(yield* read, "is it https:// in place of http://?")
      answer = () => ({ status: 500, body: {} })
      assert.notInclude(yield* read, "https://")
      answer = () => "reset"
      assert.notInclude(yield* read, "https://")
    }))

  it.scopedLive("silence", () =>
    Effect.gen(function*() {
      let answer: HttpServer.Answer = () => "silence"
      const { url } = yield* HttpServer.make((received) => answer(received))
      const client = yield* KinesisClient.make({ ...HttpServer.clientOptions(url), requestTimeout: "50 millis" })
      const list = Effect.flip(client.listShards({ stream: "orders" }))
      const advice = `nothing has answered so far: check the endpoint, ${onTheWay}`
      const silence = `ListShards on orders: no answer in time: waited 50ms; ${advice}`
      yield* Effect.repeat(list, { until: ({ message }) => message === silence })
      answer = () => ({ status: 500, body: {} })
      yield* Effect.repeat(list, { until: ({ _tag }) => _tag === "ServiceUnavailable" })
      answer = () => "silence"
      assert.strictEqual((yield* list).message, "ListShards on orders: no answer in time: waited 50ms")
    }))

  it.scopedLive("a provider of credentials that does not answer", () =>
    Effect.gen(function*() {
      const { url } = yield* HttpServer.make(() => "silence")
      const credentials = () => new Promise<never>(() => undefined)
      const error = yield* asked(url, { credentials, requestTimeout: "50 millis" })
      assert.strictEqual(
        error.message,
        "ListShards on orders: no answer in time: waited 50ms; no request was sent so far: check the provider of credentials, " +
          "which takes this long"
      )
    }))

  it.scopedLive("nobody there", () =>
    Effect.gen(function*() {
      const error = yield* asked("http://127.0.0.1:9")
      assert.include(error.message, "ECONNREFUSED 127.0.0.1:9; nothing listens there: check the endpoint")
    }))
})

describe("settings that are missing or wrong", () => {
  const of = (message: string) =>
    ErrorMapping.fromCause({ operation: "ListShards", stream: "orders" }, new Error(message))

  it("a region is asked for by the names of what sets it", () => {
    assert.deepInclude(of("Region is missing"), { _tag: "InvalidArgument", field: "region" })
    assert.strictEqual(
      of("Region is missing").message,
      "ListShards on orders: invalid region: none was found: set AWS_REGION, or layer({ region }), such as \"eu-west-1\""
    )
    const refused = of("Region not accepted: region=\"eu west 1\" is not a valid hostname component.")
    assert.deepInclude(refused, { _tag: "InvalidArgument", field: "region" })
    assert.include(refused.message, "eu west 1")
  })

  it("credentials that are nowhere to be found", () => {
    const error = of("Could not load credentials from any providers")
    assert.strictEqual(error._tag, "ServiceUnavailable")
    const none = Object.assign(new Error("Could not load credentials from any providers"), {
      name: "CredentialsProviderError"
    })
    const told = ErrorMapping.fromCause({ operation: "ListShards", stream: "orders" }, none)
    assert.strictEqual(
      told.message,
      "ListShards on orders: no credentials from the AWS SDK's chain of providers: Could not load credentials from any " +
        "providers; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in, as by aws sso login, or give " +
        "layer({ credentials })"
    )
  })

  it.scopedLive("credentials of a wrong shape end a reader at once, whoever gave them", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => ({ status: 200, body: { Shards: [] } }))
      let asked = 0
      const provider = async () => {
        asked++
        return {} as never
      }
      const sdk = (credentials: never) =>
        KinesisClient.layerFromSdk(
          new SdkClient({ ...HttpServer.clientOptions(server.url), credentials, maxAttempts: 1 })
        )
      const layers = [
        KinesisClient.layer({ ...HttpServer.clientOptions(server.url), credentials: provider }),
        sdk(provider as never),
        sdk({} as never),
        sdk({ accessKeyId: "a" } as never)
      ]
      for (const layer of layers) {
        const reading = Stream.runDrain(KinesisStream.records({ stream: "orders", from: "trim-horizon" }))
        const error = yield* Effect.flip(Effect.provide(reading, layer))
        assert.deepInclude(error, { _tag: "CredentialsUnavailable", hadCredentials: false })
        assert.include(error.message, "accessKeyId and secretAccessKey")
      }
      assert.strictEqual(asked, 2)
      assert.isEmpty(server.received)
    }))

  for (const way of ways) {
    it.scopedLive(`a stream of another region than the client's is refused before any request, by ${way}`, () =>
      Effect.gen(function*() {
        const server = yield* HttpServer.make(() => ({ status: 200, body: { Shards: [], Records: [] } }))
        const client = yield* connect(way, server)
        const arn = (region: string) => `arn:aws:kinesis:${region}:000000000000:stream/orders`
        const stream = arn("eu-west-1")
        const calls: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>> = [
          client.listShards({ stream }),
          client.getRecords({ ...iterator, stream }),
          client.describeStreamSummary({ stream }),
          client.dryRun({ operation: "putRecord", stream, partitionKey: "a", data: new Uint8Array(1) })
        ]
        for (const call of calls) {
          const error = yield* Effect.flip(call)
          assert.deepInclude(error, { _tag: "InvalidArgument", field: "stream" } as never)
          assert.include(
            error.message,
            "invalid stream: is in eu-west-1, but the client's region is us-east-1: give the client layer({ region: \"eu-west-1\" })"
          )
        }
        assert.isEmpty(server.received)
        yield* client.listShards({ stream: arn("us-east-1") })
        assert.lengthOf(server.received, 1)
      }))
  }
})

describe("layers", () => {
  it.effect("a region that is none fails the layer", () =>
    Effect.gen(function*() {
      for (const region of ["", "eu west 1"]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(KinesisClient.layer({ region }))))
        assert.include(String(error), `invalid region: must be a region such as "eu-west-1"`)
        assert.include(String(error), `was ${JSON.stringify(region)}`)
      }
    }))
})
