/** Every option of every function, with every kind of value that it must not have. */
import { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import {
  Consumer,
  FailurePolicy,
  FanOut,
  KinesisClient,
  KinesisStream,
  LeaseStore,
  Position,
  Producer,
  RecordDecoder,
  RecordEncoder,
  ShardReader,
  Until
} from "effect-kinesis"
import * as Bad from "./support/badValues.js"

type Wrong<Options> = Readonly<Record<Options extends unknown ? keyof Options & string : never, ReadonlyArray<unknown>>>

const from = "trim-horizon"
const starts = ["oldest", "", 5, NaN, true, {}, [], new Date(NaN), { _tag: "Elsewhere" }, {
  _tag: "AtTimestamp",
  timestamp: "now"
}]
const ofRecord = [Position.afterSequenceNumber("1"), Position.shardEnd]

const ofUntil = [
  "caught-up",
  "10 seconds",
  5,
  NaN,
  true,
  {},
  () => Until.caughtUp,
  { _tag: "Elapsed", millis: "5 seconds" },
  ...["soon", "", "-1 seconds", NaN, -1, -Infinity, null, undefined, {}].flatMap((each: any) => [
    Until.elapsed(each),
    Until.idle(each)
  ]),
  ...[0, -1, 1.5, NaN, Infinity, "10", null, undefined].map((each: any) => Until.count(each)),
  ...["now", NaN, -1, null, undefined, new Date(NaN)].map((each: any) => Until.instant(each))
]

const reading: Wrong<ShardReader.ReadOptions> = {
  stream: [...Bad.text, "a".repeat(129), "arn:aws:kinesis:eu-west-1:1:stream/a", undefined],
  until: ofUntil,
  maxRecords: [...Bad.whole, 10_001],
  pollInterval: Bad.duration,
  idleInterval: [...Bad.duration, "25 days"],
  throttleRetry: Bad.schedule,
  transientRetry: Bad.schedule,
  resourceRetry: Bad.schedule,
  firstContactTimeout: [...Bad.duration.filter((each) => each !== Infinity), "25 days"],
  deaggregate: Bad.flag,
  outsideRange: Bad.word,
  onTrimmed: Bad.word,
  onEvent: Bad.fn
}

const ofFanOut: ReadonlyArray<unknown> = [
  5,
  NaN,
  [],
  "",
  "a b",
  "a".repeat(129),
  "arn:aws:kinesis:eu-west-1:123456789012:stream/elsewhere/consumer/app:1",
  { consumer: "" },
  { consumer: 5 },
  { consumer: "app", register: "yes" },
  { consumer: "app", whileUnavailable: "fail" },
  { consumer: "app", deregister: 1 }
]

const streaming: Wrong<KinesisStream.Options> = {
  ...reading,
  fanOut: [...ofFanOut, true, {}],
  from: [...starts, ...ofRecord, undefined],
  positions: ["all", 5, NaN, true, [], { "shardId-0": null }, { "shardId-0": "latest" }, { "shardId-0": {} }, {
    "shardId-0": Position.afterSequenceNumber("x")
  }],
  ignorePositions: Bad.flag,
  maxReadAheadBytes: [...Bad.whole, "64 MiB"],
  listInterval: [...Bad.duration, 999],
  listStaleness: Bad.duration
}

const { until: _, ...group } = reading

const grouping: Wrong<Consumer.GroupOptions> = {
  ...group,
  application: [...Bad.text, "ab", undefined],
  stream: [...Bad.text, [], ["a", "a"], ["a", ""], ["a", 5], undefined],
  from: [...starts, ...ofRecord, undefined],
  worker: Bad.text,
  leaseDuration: [...Bad.duration, 999],
  balanceInterval: [...Bad.duration, 99],
  discoveryInterval: [...Bad.duration, 49],
  maxLeases: Bad.whole,
  maxMoves: [...Bad.whole, Infinity],
  balancer: Bad.fn,
  checkpointInterval: Bad.duration,
  checkpointRecords: [...Bad.whole, Infinity],
  maxUnacknowledged: [...Bad.whole, Infinity],
  drainTimeout: Bad.duration,
  fanOut: [...ofFanOut, { deregister: true }],
  maxReadAheadBytes: Bad.whole,
  listInterval: [...Bad.duration, 999],
  cleanupInterval: [...Bad.duration, 999],
  storeStaleness: Bad.duration,
  onStreamLost: Bad.word,
  onFormerStream: Bad.word,
  stopWhen: ["10 seconds", 5, NaN, true, {}, Promise.resolve(), () => Effect.void]
}

const consuming: Wrong<Consumer.Options | Consumer.DecodingOptions<unknown>> = {
  ...grouping,
  handler: [...Bad.fn, undefined],
  pageHandler: [...Bad.fn],
  concurrency: Bad.whole,
  decode: [...Bad.fn, () => Stream.empty, Schema.String],
  onFailure: [
    "skip",
    5,
    NaN,
    true,
    {},
    FailurePolicy.restart,
    FailurePolicy.deadLetter,
    { _tag: "Ignore" },
    ...Bad.schedule.map((each: any) => FailurePolicy.restart(each)),
    ...Bad.fn.map((each: any) => FailurePolicy.deadLetter(each))
  ]
}

const producing: Wrong<Producer.Options> = {
  stream: reading.stream,
  encoder: [...Bad.fn, { encode: () => undefined }, RecordEncoder.gzip({ level: 99 })(RecordEncoder.bytes)],
  maxInFlight: [...Bad.whole, 1_001],
  linger: Bad.duration,
  maxBatchRecords: [...Bad.whole, 501],
  maxBatchBytes: [...Bad.whole, 10 * 1024 * 1024 + 1],
  maxRecordBytes: [...Bad.whole, "detect", 10 * 1024 * 1024 + 1],
  maxBufferedBytes: [...Bad.whole, Infinity],
  recordDeadline: [...Bad.duration.filter((each) => each !== Infinity), "25 days"],
  retry: Bad.schedule,
  pace: [true, "fast", 5, NaN, [], { records: 0 }, { bytes: "1 MiB" }, { floor: 2 }],
  order: Bad.word,
  onFailure: Bad.word,
  onUnknown: Bad.word,
  aggregate: ["yes", 5, NaN, [], { maxBytes: 99 }, { maxBytes: "50 KB" }, { by: "stream" }],
  closeTimeout: Bad.duration,
  onEvent: Bad.fn
}

const consumerArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/others/consumer/billing:1"
const consumerNames = [...Bad.text, "a".repeat(129), "arn:aws:kinesis:eu-west-1:1:stream/a", undefined]

const ofConsumers: Wrong<FanOut.ConsumerOptions> = {
  stream: reading.stream,
  consumer: [...consumerNames, consumerArn, consumerArn.slice(0, -2)]
}

const consumers = {
  list: { stream: reading.stream } satisfies Wrong<FanOut.StreamOptions>,
  describe: ofConsumers,
  register: { ...ofConsumers, wait: Bad.flag } satisfies Wrong<FanOut.RegisterOptions>,
  deregister: { ...ofConsumers, wait: Bad.flag } satisfies Wrong<FanOut.DeregisterOptions>
}

const fanOut: Readonly<Record<keyof typeof consumers, (options: any) => Effect.Effect<unknown, unknown, any>>> = FanOut

const deadlines: Wrong<KinesisClient.DeadlineOptions> = {
  getRecordsTimeout: [...Bad.duration, 0],
  requestTimeout: [...Bad.duration, 0]
}

const connecting: Wrong<KinesisClient.Options> = {
  ...deadlines,
  region: ["", "eu west 1", "-eu", "eu-west-1.example.org/", "a".repeat(64), 5, NaN, {}],
  endpoint: ["", "127.0.0.1:4567", "ftp://x", "http://", 5, NaN, {}],
  credentials: [
    "",
    "AKIA:secret",
    5,
    NaN,
    true,
    {},
    { accessKeyId: "a" },
    { accessKeyId: "a", secretAccessKey: "" },
    { accessKeyId: "a", secretAccessKey: 5 },
    { accessKeyId: "a", secretAccessKey: "s", sessionToken: 5 }
  ],
  certificateAuthority: ["", "not pem", "/etc/ssl/ca.pem", 5, NaN, {}],
  requestHandler: ["http", 5, NaN, true],
  maxSockets: [...Bad.whole, Infinity],
  connectionTimeout: [...Bad.duration, 0],
  protocol: Bad.word,
  recordMemory: Bad.word,
  fanOutTransport: [...Bad.word, "http1", "h2"]
}

/** Counts what is asked of it. */
const counting = (calls: { count: number }): any =>
  new Proxy({}, {
    get: () => () =>
      Effect.suspend(() => {
        calls.count++
        return Effect.die("called")
      })
  })

const calls = { count: 0 }

const provided = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(effect).pipe(
    Effect.provideService(KinesisClient.KinesisClient, counting(calls)),
    Effect.provideService(LeaseStore.LeaseStore, counting(calls))
  ) as Effect.Effect<A, E>

const ofStream = (read: (options: any) => Stream.Stream<unknown, unknown, any>) => (options: any) =>
  provided(Stream.runDrain(read(options)))

const right = { stream: "orders", from }
const rightShard = { ...right, shardId: "shardId-000000000000" }
const rightGroup = { ...right, application: "billing" }
const rightConsumer = { ...rightGroup, handler: () => Effect.void }
const built = (layer: (options: any) => Layer.Layer<any, unknown>) => (options: any) =>
  Effect.scoped(Layer.build(layer(options)))

const ofOneShard: Wrong<ShardReader.Options> = {
  ...reading,
  shardId: ["", 5, NaN, true, {}, undefined],
  from: [...starts, Position.afterSequenceNumber("07"), { _tag: "AfterSequenceNumber", sequenceNumber: 7 }, undefined]
}

const target: Wrong<LocalKinesis.Target> = {
  operation: [...Bad.word, "GetRecords"],
  stream: [5, NaN, {}],
  shardId: [5, NaN, {}],
  times: Bad.whole.filter((each) => each !== 0)
}

const leaseTarget: Wrong<LocalLeaseStore.Target> = {
  operation: [...Bad.word, "Renew"],
  leaseKey: [5, NaN, {}],
  worker: [5, NaN, {}],
  times: target.times
}

const { operation: __, ...readTarget } = target
const failure = { error: [undefined] }
const subscriptions: Wrong<LocalKinesis.SubscriptionTarget> = {
  stream: target.stream,
  shardId: target.shardId,
  consumer: [5, NaN, {}],
  coming: Bad.whole
}
const consumer = { stream: [5, undefined], consumer: [5, undefined] }
const ofConsumer = { stream: "a", consumer: "b" }
const delay = { duration: [...Bad.duration, undefined] }

const knob = (name: keyof LocalKinesis.Service, wrong: Bad.Case["wrong"], right: object = {}): Bad.Case => ({
  name: `LocalKinesis.${name}`,
  run: (options) => Effect.flatMap(LocalKinesis.make(), ({ local }: any) => local[name](options)),
  right,
  wrong
})

const leaseKnob = (name: keyof LocalLeaseStore.Service, wrong: Bad.Case["wrong"], right: object = {}): Bad.Case => ({
  name: `LocalLeaseStore.${name}`,
  run: (options) => Effect.flatMap(LocalLeaseStore.make(), ({ local }: any) => local[name](options)),
  right,
  wrong
})

const sdk = new SdkClient({ region: "us-east-1", maxAttempts: 1 })

const cases: ReadonlyArray<Bad.Case> = [
  { name: "KinesisStream.records", run: ofStream(KinesisStream.records), right, wrong: streaming },
  { name: "KinesisStream.pages", run: ofStream(KinesisStream.pages), right, wrong: streaming },
  { name: "KinesisStream.shards", run: ofStream(KinesisStream.shards), right, wrong: streaming },
  { name: "ShardReader.records", run: ofStream(ShardReader.records), right: rightShard, wrong: ofOneShard },
  { name: "ShardReader.pages", run: ofStream(ShardReader.pages), right: rightShard, wrong: ofOneShard },
  { name: "Consumer.shards", run: ofStream(Consumer.shards), right: rightGroup, wrong: grouping },
  {
    name: "Consumer.make",
    run: (options) => provided(Effect.flatMap(Consumer.make(options), ({ run }) => run)),
    right: rightConsumer,
    wrong: consuming
  },
  { name: "Consumer.run", run: (options) => provided(Consumer.run(options)), right: rightConsumer, wrong: consuming },
  {
    name: "Producer.make",
    run: (options) => provided(Producer.make(options)),
    right: { stream: "orders" },
    wrong: producing
  },
  ...(["register", "describe", "list", "deregister"] as const).map((name): Bad.Case => ({
    name: `FanOut.${name}`,
    run: (options) => provided(fanOut[name](options)),
    right: { stream: "orders", ...name === "list" ? {} : { consumer: "billing" } },
    wrong: consumers[name]
  })),
  { name: "KinesisClient.make", run: (options) => provided(KinesisClient.make(options)), right: {}, wrong: connecting },
  { name: "KinesisClient.layer", run: built(KinesisClient.layer), right: {}, wrong: connecting },
  {
    name: "KinesisClient.layerFromSdk",
    run: built((options) => KinesisClient.layerFromSdk(sdk, options)),
    right: {},
    wrong: deadlines
  },
  {
    name: "KinesisClient.withDeadlines",
    run: (options) => KinesisClient.withDeadlines(counting(calls), options).listStreams({}),
    right: {},
    wrong: deadlines
  },
  {
    name: "LocalKinesis.make",
    run: (options) => LocalKinesis.make(options),
    right: {},
    wrong: {
      ...deadlines,
      streams: [...Bad.list, [5], [{}], [{ name: 5 }], [{ name: "a", shardCount: "2" }], [{ name: "a", shards: 2 }]]
        .slice(0, -1),
      accountId: ["x", "", 5, NaN, {}],
      region: ["", "eu west 1", 5, NaN, {}],
      latency: Bad.duration,
      limits: [5, "", true, { calls: 1 }, { writes: true }],
      transition: Bad.duration,
      shuffleEntries: ["seed", "", 1.5, NaN, Infinity, true, {}],
      serverClockSkew: ["1 minute", "", 1.5, NaN, Infinity, true, {}],
      continuation: Bad.word,
      endWithContinuation: Bad.flag
    } satisfies Wrong<LocalKinesis.Options>
  },
  {
    name: "LocalLeaseStore.make",
    run: (options) => LocalLeaseStore.make(options),
    right: {},
    wrong: { latency: Bad.duration } satisfies Wrong<LocalLeaseStore.Options>
  },
  ...(["throttle", "hang", "loseAnswer"] as const).map((name) => knob(name, target)),
  ...(["expireIterator", "emptyPages"] as const).map((name) => knob(name, readTarget)),
  knob("fail", { ...target, ...failure }, { error: new Error("down") }),
  ...(["delay", "straggle", "delayAnswer"] as const).map((name) =>
    knob(name, { ...target, ...delay }, { duration: 1 })
  ),
  knob("failEntries", { ...readTarget, entries: Bad.fn, errorCode: Bad.word }),
  knob("failKms", { ...readTarget, code: [...Bad.word, undefined] }, { code: "KMSDisabledException" }),
  knob("omitEntries", { ...readTarget, count: Bad.whole }),
  knob(
    "updateMaxRecordSize",
    { stream: [5, undefined], maxRecordSizeInKiB: ["1024", 1024.5, NaN, undefined] },
    { stream: "a", maxRecordSizeInKiB: 1024 }
  ),
  knob("omit", { ...target, fields: ["shards", ["Shards"], 5, undefined] }, { fields: [] }),
  knob("distribute", { stream: [5, undefined], strategy: [...Bad.word, undefined] }, { stream: "a", strategy: "AUTO" }),
  knob("trim", { stream: [5, undefined], shardId: [5], upTo: [5] }, { stream: "a" }),
  knob("expireShard", { stream: [5, undefined], shardId: [5, undefined] }, { stream: "a", shardId: "b" }),
  ...(["endSubscription", "mute", "stallEvent"] as const).map((name) => knob(name, subscriptions)),
  knob("breakSubscription", { ...subscriptions, ...failure }, { error: new Error("down") }),
  knob("redeliver", { ...subscriptions, count: Bad.whole }),
  knob("takeOver", { ...consumer, shardId: [5, undefined] }, { ...ofConsumer, shardId: "c" }),
  knob("consumerStatus", { ...consumer, status: [...Bad.word, undefined] }, { ...ofConsumer, status: "ACTIVE" }),
  knob("deregister", consumer, ofConsumer),
  ...(["throttle", "hang", "loseAnswer"] as const).map((name) => leaseKnob(name, leaseTarget)),
  leaseKnob("fail", { ...leaseTarget, ...failure }, { error: new Error("down") }),
  leaseKnob("delay", { ...leaseTarget, ...delay }, { duration: 1 })
]

const onInvalid = ["ignore", "", 5, NaN, true, {}, Effect.void]
const Standard = { "~standard": { version: 1, vendor: "tests", validate: () => ({ value: 1 }) } }
const maxInflatedBytes = [...Bad.whole, "64MB", Infinity]
const parse = Bad.fn.filter((each) => each !== undefined)
const compile = Bad.flag

const { auto, cloudWatchLogs, deflate, gzip, json, jsonSequence, ndjson, utf8, zlib, zstd } = RecordDecoder

const makers = { auto, cloudWatchLogs, deflate, gzip, json, jsonSequence, ndjson, utf8, zlib, zstd }

/** A decoder in a stream, and in a group. */
const decoder = (
  name: keyof typeof makers,
  wrong: Bad.Case["wrong"],
  ...schema: ReadonlyArray<unknown>
): ReadonlyArray<Bad.Case> => {
  const make = (options: any): any => (makers[name] as any)(...schema, options)
  return [
    {
      name: `RecordDecoder.${name} of records`,
      run: ofStream((options) => make(options)(KinesisStream.records({ stream: "orders", from }))),
      right: {},
      wrong
    },
    {
      name: `RecordDecoder.${name} in a composition`,
      run: (options) =>
        provided(Consumer.run({
          ...rightConsumer,
          from,
          decode: RecordDecoder.compose(make(options) as RecordDecoder.Decoder<unknown>)(gzip())
        })),
      right: {},
      wrong
    }
  ]
}

const decoders: ReadonlyArray<Bad.Case> = [
  ...decoder(
    "json",
    { onInvalid, parse, compile, learnLayout: Bad.flag } satisfies Wrong<RecordDecoder.JsonOptions<"fail">>,
    Schema.Unknown
  ),
  ...(["ndjson", "jsonSequence"] as const).flatMap((name) =>
    decoder(
      name,
      { onInvalid, parse, compile } satisfies Wrong<RecordDecoder.JsonValuesOptions<"fail">>,
      Schema.Unknown
    )
  ),
  ...decoder("utf8", { onInvalid } satisfies Wrong<RecordDecoder.Options<"fail">>),
  ...(["gzip", "zlib", "deflate", "zstd"] as const).flatMap((name) =>
    decoder(
      name,
      {
        onInvalid: [...onInvalid, "either"],
        maxInflatedBytes,
        ...name === "gzip" || name === "zstd" ? { plain: Bad.word } : {}
      } satisfies Wrong<RecordDecoder.InflateOptions<"fail">>
    )
  ),
  ...decoder("cloudWatchLogs", { onInvalid, maxInflatedBytes }),
  ...decoder(
    "auto",
    { onInvalid, parse, compile, maxInflatedBytes } satisfies Wrong<RecordDecoder.AutoOptions<"fail">>,
    Schema.Unknown
  )
]

/** What an encoder with these options says of any value. */
const encoder = (
  name: string,
  make: (options: any) => RecordEncoder.Encoder<never>,
  wrong: Bad.Case["wrong"]
): Bad.Case => ({
  name: `RecordEncoder.${name}`,
  run: (options) =>
    Effect.suspend(() => {
      const encoded: any = make(options).encodeRecord(undefined as never)
      return encoded._tag === "EncodeError" ? Effect.fail(encoded.cause) : Effect.succeed(encoded)
    }),
  right: { partitionKey: String },
  wrong
})

const keys = { partitionKey: parse, explicitHashKey: parse } satisfies Wrong<RecordEncoder.KeyOptions<never>>
const atLeast = [...Bad.whole.filter((each) => each !== 0), "1kB", Infinity]

const compressors = { gzip: RecordEncoder.gzip, zstd: RecordEncoder.zstd }

const encoders: ReadonlyArray<Bad.Case> = [
  encoder(
    "json",
    (options) => RecordEncoder.json(Schema.Never, options),
    { ...keys, stringify: parse, compile } satisfies Wrong<RecordEncoder.JsonOptions<never>>
  ),
  encoder("utf8", (options) => RecordEncoder.utf8(options) as RecordEncoder.Encoder<never>, keys),
  ...(["gzip", "zstd"] as const).map((name) => ({
    ...encoder(
      name,
      (options) => RecordEncoder.bytes.pipe(compressors[name](options)),
      {
        atLeast,
        level: [...Bad.whole.filter((each) => each !== 0), name === "gzip" ? 10 : 23]
      } satisfies Wrong<RecordEncoder.CompressOptions>
    ),
    right: {}
  }))
]

describe("options", () => {
  for (const one of [...cases, ...decoders, ...encoders]) {
    it.effect(`${one.name} refuses every wrong value, name and object before any request`, () =>
      Effect.gen(function*() {
        calls.count = 0
        yield* Bad.refusesAll(one)
        yield* Bad.refusesUnknown(one)
        yield* Bad.refusesOthers(one)
        assert.strictEqual(calls.count, 0)
      }))
  }

  it.effect("a decoder without a schema is refused", () =>
    Effect.gen(function*() {
      for (const schema of [undefined, null, {}, "fail", { onInvalid: "skip" }]) {
        for (const name of ["json", "auto"] as const) {
          const run = ofStream((given) =>
            (makers[name] as any)(given)(KinesisStream.records({ stream: "orders", from }))
          )
          const error = yield* Bad.errorOf({ name, run, right: {}, wrong: {} }, schema)
          assert.strictEqual(error.field, "schema")
        }
      }
    }))

  it.effect("an encoder without a schema, or of no function, is refused, and so is one that is made of it", () =>
    Effect.gen(function*() {
      for (const wrong of [undefined, null, {}, "Order", Standard]) {
        const made = (RecordEncoder.json as any)(wrong, { partitionKey: String })
        for (const each of [made, made.pipe(RecordEncoder.gzip()), made.pipe(RecordEncoder.contramap(String))]) {
          const error = yield* Bad.errorOf({ ...encoder("json", () => each, {}) }, {})
          assert.strictEqual(error.field, "schema")
        }
        const mapped = RecordEncoder.bytes.pipe(RecordEncoder.contramap(wrong as never))
        assert.strictEqual((yield* Bad.errorOf(encoder("contramap", () => mapped, {}), {})).field, "f")
      }
    }))

  it.effect("options that are left out are no options that are wrong", () =>
    Effect.gen(function*() {
      const client = yield* KinesisClient.make(
        { region: undefined, credentials: undefined, retries: undefined } as object
      )
      assert.isDefined(client)
    }).pipe(Effect.scoped))

  it.effect("credentials are not quoted", () =>
    Effect.gen(function*() {
      const credentials = { accessKeyId: "AKIATHIS", secretAccessKey: "secret", sessionToken: 7 } as never
      const error = yield* Effect.flip(KinesisClient.make({ credentials }))
      assert.include(error.message, "was { accessKeyId: string, secretAccessKey: string, sessionToken: number }")
      assert.notMatch(error.message, /AKIATHIS|secret"/)
    }).pipe(Effect.scoped))

  it.effect("what a transport of one's own decides cannot be decided beside it", () =>
    Effect.gen(function*() {
      const requestHandler = { handle: () => Promise.reject(new Error("unused")) } as never
      const pem = "-----BEGIN CERTIFICATE-----"
      const beside = { certificateAuthority: pem, maxSockets: 8, connectionTimeout: "1 second" } as const
      for (const [field, value] of Object.entries(beside)) {
        const error = yield* Effect.flip(KinesisClient.make({ requestHandler, [field]: value }))
        assert.strictEqual(error.field, field)
        assert.include(error.message, "must be left out beside requestHandler, whose agent decides it, was ")
        assert.isDefined(yield* KinesisClient.make({ [field]: value }))
      }
    }).pipe(Effect.scoped))

  it.effect("a client that a user made must be one", () =>
    Effect.gen(function*() {
      for (const given of [undefined, null, {}, "client", { send: () => 1 }, { config: {} }]) {
        const error = yield* Effect.flip(built(() => KinesisClient.layerFromSdk(given as never))({}))
        assert.include(String(error), "invalid sdk: must be a KinesisClient of the AWS SDK")
      }
    }))
})

describe("names that are no options", () => {
  it.effect("are told with the one that was probably meant, or with all", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [name: string, told: string]> = [
        ["streamName", "is not an option; did you mean stream?"],
        ["MAXRECORDS", "is not an option; did you mean maxRecords?"],
        ["maxRecord", "is not an option; did you mean maxRecords?"],
        ["retry", "is not an option; did you mean throttleRetry?"],
        ["__proto", "is not an option; the options are "],
        ["x".repeat(10_000), "is not an option; the options are "]
      ]
      for (const [name, told] of wrong) {
        const error: any = yield* Effect.flip(ofStream(KinesisStream.records)({ ...right, [name]: 3 }))
        assert.strictEqual(error.field, name)
        assert.include(error.message, told)
      }
    }))
})
