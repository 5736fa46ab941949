import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Ref, type Scope, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, type KinesisEvent, KinesisMetrics, KinesisStream } from "effect-kinesis"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { isFatal } from "../src/internal/group/group.js"
import * as HttpServer from "./support/httpServer.js"
import { textless } from "./support/textless.js"
import { connect, ways } from "./support/wireClients.js"

const page: HttpServer.Answer = ({ operation }) => ({
  status: 200,
  body: operation === "GetRecords" ? { Records: [], NextShardIterator: "n" } : { Shards: [] }
})

const list = (client: KinesisClient.Service) => client.listShards({ stream: "orders" })
const read = (client: KinesisClient.Service) =>
  client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i" })

/** Good for so short that the SDK asks their provider again before each call. */
const brief = (more: object = {}) => ({
  accessKeyId: "key",
  secretAccessKey: "secret",
  expiration: new Date(Date.now() + 1_000),
  ...more
})

const raised = (name: string, message = `said ${name}`) => Object.assign(new Error(message), { name })

/** What providers throw, by the names of their own service's errors, some of which Kinesis has too. */
const refusals = [
  "InvalidIdentityToken",
  "AccessDenied",
  "AccessDeniedException",
  "ExpiredToken",
  "ExpiredTokenException",
  "Throttling",
  "ResourceNotFoundException",
  "UnauthorizedException",
  "InvalidArgumentException",
  "LimitExceededException",
  "CredentialsProviderError",
  "TokenProviderError",
  "TimeoutError",
  "Error"
].map((name) => raised(name))

describe.each(ways)("credentials that cannot be had, by a client that reads by %s", (way) => {
  const started = Effect.gen(function*() {
    const server = yield* HttpServer.make(page)
    const provider = { fails: undefined as unknown, asked: 0, given: brief() as object }
    const client = yield* connect(way, server, {
      credentials: () => {
        provider.asked++
        return provider.fails === undefined ? Promise.resolve(provider.given as never) : Promise.reject(provider.fails)
      }
    })
    return { client, provider, server }
  })

  it.scopedLive("B62 before the first ones their refusal is final, whatever its name, and nothing is sent", () =>
    Effect.gen(function*() {
      const { client, provider, server } = yield* started
      for (const refusal of refusals) {
        provider.fails = refusal
        const error = yield* Effect.flip(list(client))
        assert.deepInclude(
          error,
          { _tag: "CredentialsUnavailable", operation: "ListShards", stream: "orders" },
          refusal.name
        )
        assert.deepInclude(error, { hadCredentials: false })
        assert.isFalse(KinesisError.isTransient(error))
        assert.match(error.message, new RegExp(`^ListShards on orders: no credentials: (.+: )?said ${refusal.name}`))
      }
      assert.strictEqual(server.received.length, 0)
    }))

  it.scopedLive("B62 once there were some a failure is ridden out, of calls that sign by themselves too", () =>
    Effect.gen(function*() {
      const { client, provider, server } = yield* started
      yield* list(client)
      yield* read(client)
      yield* read(client)
      const calls: ReadonlyArray<(client: KinesisClient.Service) => Effect.Effect<unknown, { readonly _tag: string }>> =
        [
          list,
          read
        ]
      for (const call of calls) {
        for (const refusal of refusals) {
          provider.fails = refusal
          const error = yield* Effect.flip(call(client))
          assert.strictEqual(error._tag, "CredentialsUnavailable", refusal.name)
          assert.isTrue(KinesisError.isTransient(error))
        }
        provider.fails = undefined
        yield* call(client)
      }
      assert.strictEqual(server.received.length, 5)
    }))

  it.scopedLive("what a provider throws may be anything", () =>
    Effect.gen(function*() {
      const { client, provider } = yield* started
      for (const [what, make] of textless) {
        if (what === "nothing") continue
        provider.fails = make()
        const error = yield* Effect.flip(list(client))
        assert.strictEqual(error._tag, "CredentialsUnavailable", what)
        assert.isString(error.message)
      }
    }))

  it.scopedLive("what is given and is none is the provider's failure, not the service's", () =>
    Effect.gen(function*() {
      const { client, provider, server } = yield* started
      for (const given of [{}, { accessKeyId: "key" }, undefined, "key"]) {
        provider.given = given as object
        const error = yield* Effect.flip(list(client))
        assert.deepInclude(error, { _tag: "CredentialsUnavailable", hadCredentials: false })
      }
      assert.strictEqual(server.received.length, 0)
    }))

  it.scopedLive("the service's own refusal stays the service's", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => ({
        status: 400,
        body: { __type: "AccessDeniedException", message: "no" }
      }))
      const client = yield* connect(way, server)
      assert.strictEqual((yield* Effect.flip(list(client)))._tag, "AccessDenied")
    }))
})

/** Sets the environment from which the SDK reads where credentials come from, and nothing of this machine's own. */
const environment = (variables: Record<string, string>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const home = await Fs.mkdtemp(Path.join(Os.tmpdir(), "credentials-"))
      const before = { ...process.env }
      for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name]
      Object.assign(process.env, {
        HOME: home,
        AWS_CONFIG_FILE: Path.join(home, "config"),
        AWS_SHARED_CREDENTIALS_FILE: Path.join(home, "credentials"),
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_MAX_ATTEMPTS: "1",
        AWS_REGION: "us-east-1",
        ...variables
      })
      return { before, home }
    }),
    ({ before, home }) =>
      Effect.promise(async () => {
        for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
        Object.assign(process.env, before)
        await Fs.rm(home, { recursive: true })
      })
  ).pipe(Effect.map(({ home }) => home))

/** Sets this machine's clock on by two minutes. */
const twoMinutesLater = Effect.acquireRelease(
  Effect.sync(() => {
    const { now } = Date
    Date.now = () => now() + 120_000
    return now
  }),
  (now) =>
    Effect.sync(() => {
      Date.now = now
    })
)

const ownChain = Effect.gen(function*() {
  const server = yield* HttpServer.make(page)
  return yield* KinesisClient.make({ endpoint: server.url, region: "us-east-1" })
})

const write = (path: string, text: string) => Effect.promise(() => Fs.writeFile(path, text))

describe("the SDK's own providers", () => {
  it.scopedLive("none at all: the chain is named", () =>
    Effect.gen(function*() {
      yield* environment({})
      const error = yield* Effect.flip(list(yield* ownChain))
      assert.strictEqual(
        error.message,
        "ListShards on orders: no credentials from the AWS SDK's chain of providers: Could not load credentials from any providers; " +
          "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in, as by aws sso login, or give " +
          "layer({ credentials })"
      )
      assert.isFalse(KinesisError.isTransient(error))
    }))

  it.scopedLive("a process that fails, and that fails later on", () =>
    Effect.gen(function*() {
      const home = yield* environment({ AWS_PROFILE: "app" })
      const answer = Path.join(home, "answer.json")
      yield* write(Path.join(home, "config"), `[profile app]\ncredential_process = /bin/cat ${answer}\n`)
      const client = yield* ownChain
      const first = yield* Effect.flip(list(client))
      assert.deepInclude(first, { _tag: "CredentialsUnavailable", hadCredentials: false })
      yield* write(
        answer,
        JSON.stringify({
          Version: 1,
          AccessKeyId: "key",
          SecretAccessKey: "secret",
          Expiration: new Date(Date.now() + 60_000).toISOString()
        })
      )
      yield* list(client)
      yield* Effect.promise(() => Fs.rm(answer))
      yield* twoMinutesLater
      const later = yield* Effect.flip(list(client))
      assert.deepInclude(later, {
        _tag: "CredentialsUnavailable",
        hadCredentials: true,
        provider: "credential_process"
      })
      assert.include(later.message, "no credentials from credential_process: Could not load credentials")
    }))

  it.scopedLive("STS: its refusals are its own, not Kinesis'", () =>
    Effect.gen(function*() {
      let body = ""
      let status = 400
      const xml = (text: string) => `<Result xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${text}</Result>`
      const sts = yield* HttpServer.make(() => ({ status, contentType: "text/xml", bytes: Buffer.from(body) }), {
        isRaw: true
      })
      const home = yield* environment({
        AWS_ENDPOINT_URL_STS: sts.url,
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/app"
      })
      const token = Path.join(home, "token")
      yield* write(token, "a token")
      process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = token
      const client = yield* ownChain
      for (const isLater of [false, true]) {
        if (isLater) {
          status = 200
          body = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>` +
            `<AccessKeyId>key</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>t</SessionToken>` +
            `<Expiration>${new Date(Date.now() + 60_000).toISOString()}</Expiration>` +
            `</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
          yield* list(client)
          yield* twoMinutesLater
          status = 400
        }
        for (const code of ["InvalidIdentityToken", "AccessDenied", "ExpiredTokenException", "Throttling"]) {
          body = `<ErrorResponse>${
            xml("")
          }<Error><Type>Sender</Type><Code>${code}</Code><Message>as told</Message></Error></ErrorResponse>`
          const error = yield* Effect.flip(list(client))
          assert.deepInclude(error, { _tag: "CredentialsUnavailable", provider: "STS", hadCredentials: isLater }, code)
          assert.match(error.message, /no credentials from STS: \w+: as told$/)
          assert.strictEqual(KinesisError.isTransient(error), isLater)
        }
      }
    }))

  it.scopedLive("STS that is out of reach: it is told that this is the provider's, not Kinesis'", () =>
    Effect.gen(function*() {
      const home = yield* environment({
        AWS_ENDPOINT_URL_STS: "http://127.0.0.1:9",
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/app"
      })
      const token = Path.join(home, "token")
      yield* write(token, "a token")
      process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = token
      const error = yield* Effect.flip(list(yield* ownChain))
      assert.deepInclude(error, { _tag: "CredentialsUnavailable", hadCredentials: false })
      assert.strictEqual(
        error.message,
        "ListShards on orders: no credentials: the provider of credentials could not be reached: connect ECONNREFUSED 127.0.0.1:9; " +
          "check its endpoint, such as that of STS, and the network"
      )
    }))

  it.scopedLive("SSO: a session that nobody has opened", () =>
    Effect.gen(function*() {
      const home = yield* environment({ AWS_PROFILE: "app" })
      yield* write(
        Path.join(home, "config"),
        "[profile app]\nsso_start_url = https://127.0.0.1/\nsso_account_id = 123456789012\nsso_region = us-east-1\nsso_role_name = app\n"
      )
      const error = yield* Effect.flip(list(yield* ownChain))
      assert.deepInclude(error, { _tag: "CredentialsUnavailable", hadCredentials: false })
      assert.include(error.message, "SSO session")
    }))

  it.scopedLive("the instance's metadata service, which stumbles", () =>
    Effect.gen(function*() {
      let isUp = true
      const imds = yield* HttpServer.make(({ path }) => {
        if (!isUp) return { status: 500, contentType: "text/plain", bytes: Buffer.from("") }
        const text = path.endsWith("/api/token")
          ? "token"
          : path.endsWith("/security-credentials/")
          ? "app"
          : JSON.stringify({
            Code: "Success",
            AccessKeyId: "key",
            SecretAccessKey: "secret",
            Token: "t",
            Expiration: new Date(Date.now() + 60_000).toISOString()
          })
        return { status: 200, contentType: "text/plain", bytes: Buffer.from(text) }
      }, { isRaw: true })
      yield* environment({ AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url })
      const client = yield* ownChain
      yield* list(client)
      isUp = false
      yield* twoMinutesLater
      const error = yield* Effect.flip(list(client))
      assert.isTrue(KinesisError.isTransient(error), error.message)
    }))
})

describe("reading while credentials cannot be had", () => {
  const stream = "without-credentials"

  const unavailable = (hadCredentials: boolean) =>
    new KinesisError.CredentialsUnavailable({
      operation: "GetRecords",
      stream,
      shardId: "shardId-000000000000",
      description: "ExpiredToken: as told",
      provider: "STS",
      hadCredentials
    })

  const reading = (hadCredentials: boolean) =>
    Effect.gen(function*() {
      const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream }] })
      yield* client.putRecord({ stream, partitionKey: "k", data: Uint8Array.of(7) })
      yield* local.fail({ operation: "getRecords", times: 5, error: unavailable(hadCredentials) })
      const events = yield* Ref.make<ReadonlyArray<KinesisEvent.KinesisEvent>>([])
      const fiber = yield* KinesisStream.records({
        stream,
        from: "trim-horizon",
        onEvent: (event) => Ref.update(events, (all) => [...all, event])
      }).pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.provideService(KinesisClient.KinesisClient, client),
        Effect.either,
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      return { outcome: yield* Fiber.join(fiber), events: yield* Ref.get(events) }
    })

  it.effect("B62 a provider that fails for a while is ridden out, and each time is told", () =>
    Effect.gen(function*() {
      const { events, outcome } = yield* reading(true)
      assert.strictEqual(outcome._tag, "Right")
      const told = events.filter((event) => event._tag === "CallFailed")
      assert.strictEqual(told.length, 5)
      assert.strictEqual(told[0]!.error._tag, "CredentialsUnavailable")
      const failures = Object.entries({ stream, operation: "GetRecords", shard: "shardId-000000000000" }).reduce(
        (metric, [key, value]) => Metric.tagged(metric, key, value),
        KinesisMetrics.failures
      )
      assert.strictEqual((yield* Metric.value(failures)).count, 5)
      assert.include(told[0]!.error.message, "no credentials from STS: ExpiredToken: as told")
    }))

  it("a worker of a group goes on, and ends, by the same rule", () => {
    assert.isFalse(isFatal(unavailable(true)))
    assert.isTrue(isFatal(unavailable(false)))
  })

  it.effect("B62 before the first ones reading fails at once", () =>
    Effect.gen(function*() {
      const { events, outcome } = yield* reading(false)
      assert.strictEqual(outcome._tag === "Left" && outcome.left._tag, "CredentialsUnavailable")
      assert.strictEqual(events.filter((event) => event._tag === "CallFailed").length, 0)
    }))
})
