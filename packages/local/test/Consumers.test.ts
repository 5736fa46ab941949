import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { setup, stream } from "./support/setup.js"

const streamArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`
const under = `under stream ${stream} and account 000000000000`

const withConsumers = Effect.fnUntraced(function*(options: Parameters<typeof setup>[0] = {}) {
  const { client, local } = yield* setup(options)
  const register = (consumerName: string, arn = streamArn) =>
    client.registerStreamConsumer({ streamArn: arn, consumerName })
  const describe = (consumerName: string) => client.describeStreamConsumer({ streamArn, consumerName })
  const deregister = (consumerName: string) => client.deregisterStreamConsumer({ streamArn, consumerName })
  const names = (maxResults?: number, nextToken?: string) =>
    Effect.map(client.listStreamConsumers({ streamArn, maxResults, nextToken }), ({ consumers, nextToken }) => ({
      names: consumers.map(({ consumerName }) => consumerName),
      nextToken
    }))
  return { client, local, register, describe, deregister, names }
})

describe("RegisterStreamConsumer", () => {
  it.effect("a consumer is CREATING, then ACTIVE, then DELETING, then gone", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, deregister, describe, names, register } = yield* withConsumers({ transition: "3 seconds" })
      yield* Effect.sleep("1700 millis")
      const registered = yield* register("mine")
      assert.deepStrictEqual(registered, {
        consumerName: "mine",
        consumerArn: `${streamArn}/consumer/mine:1`,
        consumerStatus: "CREATING",
        creationTimestamp: new Date(1000)
      })
      const { consumerArn } = registered
      assert.deepStrictEqual(yield* describe("mine"), { ...registered, streamArn })
      yield* Effect.sleep("2999 millis")
      assert.strictEqual((yield* client.describeStreamConsumer({ consumerArn })).consumerStatus, "CREATING")
      yield* Effect.sleep("1 millis")
      assert.strictEqual((yield* client.describeStreamConsumer({ consumerArn })).consumerStatus, "ACTIVE")
      yield* deregister("mine")
      assert.strictEqual((yield* describe("mine")).consumerStatus, "DELETING")
      yield* Effect.sleep("2999 millis")
      assert.deepStrictEqual((yield* names()).names, ["mine"])
      assert.deepInclude(yield* Effect.flip(deregister("mine")), {
        _tag: "ResourceInUse",
        description: `Consumer mine with creation timestamp 1 ${under} is not in ACTIVE status.`
      })
      yield* Effect.sleep("1 millis")
      assert.deepStrictEqual((yield* names()).names, [])
      assert.deepInclude(yield* Effect.flip(describe("mine")), {
        _tag: "ResourceNotFound",
        operation: "DescribeStreamConsumer",
        description: `Consumer mine ${under} not found.`
      })
      assert.deepInclude(yield* Effect.flip(client.deregisterStreamConsumer({ consumerArn })), {
        _tag: "ResourceNotFound",
        description: `Consumer mine with creation timestamp 1 ${under} not found.`
      })
    })))

  it.effect("F86 one that is deleted and made anew has another ARN, even within a second", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, deregister, describe, register } = yield* withConsumers()
      const arns: Array<string> = []
      for (let time = 0; time < 3; time++) {
        arns.push((yield* register("mine")).consumerArn)
        yield* deregister("mine")
      }
      yield* client.deleteStream({ stream })
      yield* client.createStream({ stream, shardCount: 1 })
      const { consumerArn } = yield* register("mine")
      assert.strictEqual(new Set([...arns, consumerArn]).size, 4)
      assert.strictEqual((yield* describe("mine")).consumerArn, consumerArn)
      for (const former of arns) {
        const error = yield* Effect.flip(client.describeStreamConsumer({ consumerArn: former }))
        assert.strictEqual(error._tag, "ResourceNotFound")
      }
    })))

  it.effect("a name is in use once, in any state; another stream has names of its own", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { deregister, register } = yield* withConsumers({
        transition: "1 second",
        streams: [{ name: stream }, { name: "other" }]
      })
      yield* register("mine")
      const taken = { _tag: "ResourceInUse", description: `Consumer mine ${under} already exists.` } as const
      assert.deepInclude(yield* Effect.flip(register("mine")), taken)
      yield* register("mine", "arn:aws:kinesis:us-east-1:000000000000:stream/other")
      yield* deregister("mine")
      assert.deepInclude(yield* Effect.flip(register("mine")), taken)
      yield* Effect.sleep("1 second")
      yield* register("mine")
    })))

  it.effect("names are of 1 to 128 letters, digits, _ . and -", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { names, register } = yield* withConsumers()
      for (const wrong of ["", "a b", "ü", "a/b", "n".repeat(129), 7 as never]) {
        assert.deepInclude(yield* Effect.flip(register(wrong)), { _tag: "InvalidArgument", field: "consumerName" })
      }
      yield* register("n".repeat(128))
      yield* register("A_z.0-9")
      assert.strictEqual((yield* names()).names.length, 2)
    })))

  it.effect("a stream is named by its ARN, and must be there", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, register } = yield* withConsumers({ transition: "1 second" })
      for (const wrong of [stream, "arn:aws:kinesis", null as never]) {
        assert.strictEqual((yield* Effect.flip(register("mine", wrong)))._tag, "InvalidArgument", wrong)
      }
      const missing = yield* Effect.flip(register("mine", `${streamArn}-x`))
      assert.deepInclude(missing, {
        _tag: "ResourceNotFound",
        description: `Stream ${stream}-x under account 000000000000 not found.`
      })
      yield* client.createStream({ stream: "new", shardCount: 1 })
      const early = yield* Effect.flip(register("mine", "arn:aws:kinesis:us-east-1:000000000000:stream/new"))
      assert.strictEqual(early._tag, "ResourceInUse")
      const error = yield* Effect.flip(client.describeStreamConsumer({ consumerArn: streamArn }))
      assert.deepInclude(error, { _tag: "InvalidArgument", field: "consumerArn" })
    })))

  it.effect("at most 5 are CREATING, and 20 are there", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { deregister, register } = yield* withConsumers({ transition: "10 seconds" })
      for (let made = 0; made < 20; made += 5) {
        for (let index = 0; index < 5; index++) yield* register(`c${made + index}`)
        const sixth = yield* Effect.flip(register("sixth"))
        assert.deepInclude(sixth, { _tag: "ThrottledError", reason: "limit", operation: "RegisterStreamConsumer" })
        yield* Effect.sleep("10 seconds")
      }
      assert.deepInclude(yield* Effect.flip(register("c20")), { _tag: "ThrottledError", reason: "limit" })
      yield* deregister("c0")
      assert.strictEqual((yield* Effect.flip(register("c20")))._tag, "ThrottledError")
      yield* Effect.sleep("10 seconds")
      yield* register("c20")
    })))
})

describe("ListStreamConsumers", () => {
  it.effect("pages by token, which is of one stream and expires", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, names, register } = yield* withConsumers({ streams: [{ name: stream }, { name: "other" }] })
      for (const name of ["d", "b", "e", "a", "c"]) yield* register(name)
      const one = yield* names(2)
      const two = yield* names(2, one.nextToken)
      const three = yield* names(2, two.nextToken)
      assert.deepStrictEqual([one.names, two.names, three.names], [["a", "b"], ["c", "d"], ["e"]])
      assert.isUndefined(three.nextToken)
      assert.strictEqual((yield* names()).names.length, 5)
      for (const maxResults of [0, 101, 1.5]) {
        assert.deepInclude(yield* Effect.flip(names(maxResults)), { _tag: "InvalidArgument", field: "maxResults" })
      }
      const elsewhere = client.listStreamConsumers({
        streamArn: "arn:aws:kinesis:us-east-1:000000000000:stream/other",
        nextToken: one.nextToken
      })
      assert.strictEqual((yield* Effect.flip(elsewhere))._tag, "InvalidArgument")
      assert.strictEqual((yield* Effect.flip(names(1, "token")))._tag, "InvalidArgument")
      yield* Effect.sleep("299999 millis")
      yield* names(2, one.nextToken)
      yield* Effect.sleep("1 millis")
      assert.strictEqual((yield* Effect.flip(names(2, one.nextToken)))._tag, "ExpiredListToken")
    })))
})

describe("knobs of consumers", () => {
  it.effect("consumerStatus sets a status that stays; deregister is another program's", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { describe, local, names, register } = yield* withConsumers({ transition: "1 second" })
      const { consumerArn } = yield* register("mine")
      yield* local.consumerStatus({ stream: streamArn, consumer: consumerArn, status: "CREATING" })
      yield* Effect.sleep("1 hour")
      assert.strictEqual((yield* describe("mine")).consumerStatus, "CREATING")
      yield* local.consumerStatus({ stream, consumer: "mine", status: "DELETING" })
      yield* Effect.sleep("1 hour")
      assert.strictEqual((yield* describe("mine")).consumerStatus, "DELETING")
      yield* local.deregister({ stream, consumer: "mine" })
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual((yield* names()).names, [])
      const calls = (yield* local.calls).map(({ operation }) => operation)
      assert.isFalse(calls.includes("deregisterStreamConsumer"))
    })))

  it.effect("die of a target that is not there, or is none", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, register } = yield* withConsumers()
      const { consumerArn } = yield* register("mine")
      const wrong: ReadonlyArray<Effect.Effect<unknown>> = [
        local.deregister({ stream, consumer: "yours" }),
        local.deregister({ stream: "x", consumer: "mine" }),
        local.deregister({ stream, consumer: `${consumerArn}1` }),
        local.deregister({ stream } as never),
        local.consumerStatus({ stream, consumer: "mine", status: "GONE" as never }),
        local.takeOver({ stream, consumer: "mine", shardId: "x" }),
        local.mute({ coming: 0 }),
        local.redeliver({ count: -1 }),
        local.breakSubscription({} as never)
      ]
      for (const [index, knob] of wrong.entries()) {
        assert.strictEqual((yield* Effect.exit(knob))._tag, "Failure", String(index))
      }
    })))

  it.effect("those of calls meet a consumer's stream, by the consumer's ARN too", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, describe, local, register } = yield* withConsumers()
      const { consumerArn } = yield* register("mine")
      yield* local.throttle({ stream, times: 2 })
      assert.strictEqual((yield* Effect.flip(describe("mine")))._tag, "ThrottledError")
      const byArn = client.describeStreamConsumer({ consumerArn })
      assert.strictEqual((yield* Effect.flip(byArn))._tag, "ThrottledError")
      yield* byArn
      assert.deepStrictEqual((yield* local.calls).map(({ stream }) => stream), [stream, stream, stream, stream])
    })))
})
