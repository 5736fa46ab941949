import {
  GetRecords$,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  PutRecordInput$,
  StreamDescriptionSummary$
} from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { cbor } from "@smithy/core/cbor"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { Effect, Logger } from "effect"
import type { KinesisClient } from "effect-kinesis"
import { createRequire } from "node:module"
import * as Answers from "../src/internal/wire/answers.js"
import { kinesisCborCodec } from "../src/internal/wire/cborCodec.js"
import * as SdkHooks from "../src/internal/wire/sdkHooks.js"
import * as SdkOperations from "../src/internal/wire/sdkOperations.js"
import * as SdkTransport from "../src/internal/wire/sdkTransport.js"
import * as HttpServer from "./support/httpServer.js"

const { installed } = SdkHooks

/** An SDK whose clients were changed. */
const clients = (change: (client: any) => void): Partial<SdkHooks.Parts> => ({
  client: (settings) => {
    const client = installed.client(settings)
    change(client)
    return client
  }
})

/** An SDK whose protocol is an object with these changes. */
const protocols = (changes: object): Partial<SdkHooks.Parts> =>
  clients(({ config }) => Object.assign(config.protocol, changes))

const without = (module: object, name: string): object => ({ ...module, [name]: undefined })

const anotherCodec = {
  createSerializer: () => ({ write: () => undefined, flush: () => "{}" }),
  createDeserializer: () => ({ readObject: () => ({ Records: [] }) })
}

const { CborCodec }: any = installed.cbor

/** What an SDK is like that has each hook no longer, or has it differently. */
const planted: Record<string, ReadonlyArray<Partial<SdkHooks.Parts>>> = {
  "schema GetRecords$": [
    { kinesis: without(installed.kinesis, "GetRecords$") },
    { kinesis: { ...installed.kinesis, GetRecords$: [] } }
  ],
  "schema PutRecord$": [{ kinesis: without(installed.kinesis, "PutRecord$") }],
  "schema PutRecords$": [{ kinesis: without(installed.kinesis, "PutRecords$") }],
  "schema SubscribeToShard$": [{ kinesis: without(installed.kinesis, "SubscribeToShard$") }],
  "config.protocol": [
    clients(({ config }) => delete config.protocol),
    ...["serializeRequest", "deserializeResponse", "deserializeMetadata", "setSerdeContext"]
      .map((method) => protocols({ [method]: undefined }))
  ],
  "setting protocol": [{ client: () => installed.client() }],
  "getPayloadCodec().createSerializer()": [
    protocols({ getPayloadCodec: undefined }),
    protocols({ getPayloadCodec: () => anotherCodec })
  ],
  "SubscribeToShardEvent$ by getPayloadCodec().createDeserializer()": [
    { kinesis: without(installed.kinesis, "SubscribeToShardEvent$") },
    clients(({ config }) => {
      const Protocol = config.protocol.constructor
      config.protocol = new (class extends Protocol {
        constructor(settings: any) {
          super({ ...settings, jsonCodec: { ...anotherCodec, setSerdeContext: () => undefined } })
        }
      })(config.protocolSettings)
    })
  ],
  "getRequestType()": [protocols({ getRequestType: undefined }), protocols({ getRequestType: () => Date })],
  "config.signer": [clients(({ config }) => delete config.signer)],
  "config.credentials": [clients(({ config }) => Object.defineProperty(config, "credentials", { value: {} }))],
  "config.requestHandler.handle()": [clients(({ config }) => config.requestHandler = {})],
  httpSigningMiddleware: [clients(({ middlewareStack }) => middlewareStack.remove("httpSigningMiddleware"))],
  CborCodec: [
    { cbor: without(installed.cbor, "CborCodec") },
    {
      cbor: {
        ...installed.cbor,
        CborCodec: class extends CborCodec {
          createDeserializer = () => ({})
        }
      }
    }
  ],
  "tag()": [{ cbor: without(installed.cbor, "tag") }, { cbor: { ...installed.cbor, tag: ({ value }: any) => value } }],
  NormalizedSchema: [{ schema: without(installed.schema, "NormalizedSchema") }],
  "setting jsonCodec": [
    clients((client) => {
      const Protocol = client.config.protocol.constructor
      client.config.protocol = new (class extends Protocol {
        constructor(settings: any) {
          super({ ...settings, jsonCodec: undefined })
        }
      })(client.config.protocolSettings)
    })
  ]
}

const record = { Data: "AQID", PartitionKey: "k", SequenceNumber: "7", ApproximateArrivalTimestamp: 1_700_000_000 }

const answer: HttpServer.Answer = ({ body, headers }) => {
  if (body["ShardIterator"] === "old") return { status: 400, body: { __type: "ExpiredIteratorException" } }
  const isCbor = String(headers["content-type"]).includes("cbor")
  const Data = isCbor ? Uint8Array.of(1, 2, 3) : record.Data
  const ApproximateArrivalTimestamp = isCbor ? 1_700_000_000_000 : record.ApproximateArrivalTimestamp
  return { status: 200, body: { Records: [{ ...record, Data, ApproximateArrivalTimestamp }], MillisBehindLatest: 0 } }
}

/** Keeps what is logged. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

/** A client that is made of these parts, and how. */
const connect = (server: HttpServer.Server, protocol: SdkHooks.Encoding, changes: Partial<SdkHooks.Parts> = {}) =>
  SdkTransport.make({ ...HttpServer.clientOptions(server.url), protocol }, { ...installed, ...changes }).pipe(
    Effect.map(({ fast, sdk }) => ({
      sdk,
      client: SdkOperations.make(sdk, { getRecordsMillis: 10_000, requestMillis: 10_000 }, fast),
      isFast: fast !== undefined
    }))
  )

const read = (client: KinesisClient.Service, shardIterator: string) =>
  client.getRecords({ stream: "orders", shardId: "shardId-000000000000", shardIterator })

/** What is read through an SDK of these parts, in which way, and what is logged. */
const readThrough = (changes: Partial<SdkHooks.Parts>, protocol: SdkHooks.Encoding) =>
  Effect.gen(function*() {
    const { layer, lines } = logged()
    const server = yield* HttpServer.make(answer)
    const { client, isFast } = yield* Effect.provide(connect(server, protocol, changes), layer)
    const pages = [yield* read(client, "i"), yield* read(client, "i")]
    const refusal = yield* Effect.flip(read(client, "old"))
    return {
      records: pages.flatMap(({ records }) => records).map((record) =>
        [
          record.shardId,
          record.sequenceNumber,
          [...record.data],
          record.approximateArrivalTimestamp?.getTime()
        ] as const
      ),
      refusal: refusal._tag,
      types: server.received.map(({ headers }) => String(headers["content-type"])),
      lines,
      isFast
    }
  })

const expected = Array.from({ length: 2 }, () => ["shardId-000000000000", "7", [1, 2, 3], 1_700_000_000_000] as const)

describe("the inner parts of the AWS SDK", () => {
  it("are all there in the one that is installed", () => {
    assert.deepStrictEqual(SdkHooks.probe(installed).missing, { json: [], cbor: [] })
  })

  it("its model of Kinesis has what the service must be asked and tell, which an older one would leave out in silence", () => {
    assert.include(PutRecordInput$[4], "DryRun")
    assert.include(StreamDescriptionSummary$[4], "RecordDistributionStrategy")
  })

  it.scopedLive.each(["json", "cbor"] as const)(
    "nothing is logged where nothing is missing, in %s",
    (protocol) =>
      Effect.gen(function*() {
        const { isFast, lines, records, refusal } = yield* readThrough({}, protocol)
        assert.deepStrictEqual(records, expected)
        assert.strictEqual(refusal, "ExpiredIterator")
        assert.deepStrictEqual([isFast, lines], [true, []])
      })
  )

  it("each is tried by an SDK without it", () => {
    assert.deepStrictEqual(Object.keys(planted), [...SdkHooks.names.cbor])
  })

  describe.each(Object.entries(planted))("an SDK without %s", (name, sdks) => {
    const protocol = SdkHooks.names.json.includes(name) ? "json" : "cbor"

    it.scopedLive("is found out, reads what the other reads, and is told of once", () =>
      Effect.gen(function*() {
        for (const changes of sdks) {
          assert.include(SdkHooks.probe({ ...installed, ...changes }).missing[protocol], name)
          const { isFast, lines, records, refusal, types } = yield* readThrough(changes, protocol)
          assert.deepStrictEqual(records, expected)
          assert.strictEqual(refusal, "ExpiredIterator")
          assert.deepStrictEqual([...new Set(types)], ["application/x-amz-json-1.1"])
          assert.isFalse(isFast)
          assert.strictEqual(lines.length, 1)
          assert.match(lines[0]!, /^WARN The AWS SDK 3\.\d+\.\d+ has no /)
          for (const part of [`no ${name}`, "slower", "https://"]) assert.include(lines[0], part)
        }
      }))
  })

  it.scopedLive("an SDK whose middleware does not say how it signs is told of once, and read through", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      const server = yield* HttpServer.make(answer)
      const { client, sdk } = yield* Effect.provide(connect(server, "json"), layer)
      let hidden: unknown
      sdk.middlewareStack.addRelativeTo((next: any, context: any) => (args: any) => {
        hidden = context["__smithy_context"]
        delete context["__smithy_context"]
        return next(args)
      }, { name: "hide", relation: "before", toMiddleware: "firstRequest" })
      sdk.middlewareStack.addRelativeTo((next: any, context: any) => (args: any) => {
        context["__smithy_context"] = hidden
        return next(args)
      }, { name: "show", relation: "after", toMiddleware: "firstRequest" })
      for (const _ of [1, 2, 3]) {
        assert.deepStrictEqual((yield* read(client, "i")).records.map(({ sequenceNumber }) => sequenceNumber), ["7"])
      }
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => lines.length > 0 })
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0], "no selectedHttpAuthScheme")
    }))

  it.scopedLive("a client without the middleware that signs is watched as far as it can be", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(answer)
      const sdk = installed.client({ ...HttpServer.clientOptions(server.url), requestHandler: new NodeHttpHandler() })
      sdk.middlewareStack.remove("httpSigningMiddleware")
      Answers.watch(sdk, { mayBeEmpty: true })
      const output = yield* Effect.promise((): Promise<GetRecordsCommandOutput> =>
        sdk.send(new GetRecordsCommand({ ShardIterator: "i" }))
      )
      assert.strictEqual(output.Records?.length, 1)
      sdk.destroy()
    }))

  it("the codec of CBOR takes the schemas of another copy of the SDK", () => {
    const require = createRequire(import.meta.url)
    const path = require.resolve("@smithy/core/schema")
    const before: any = require(path)
    delete require.cache[path]
    const another: any = require(path)
    assert.notStrictEqual(another.NormalizedSchema, before.NormalizedSchema)
    const foreign = another.NormalizedSchema.of(GetRecords$[5])
    const bytes = cbor.serialize({ Records: [{ ApproximateArrivalTimestamp: 1_700_000_000_000 }] })
    const [record]: any = Object.values(kinesisCborCodec().createDeserializer().read(foreign, bytes)).flat()
    assert.deepStrictEqual(record.ApproximateArrivalTimestamp, new Date(1_700_000_000_000))
  })
})
