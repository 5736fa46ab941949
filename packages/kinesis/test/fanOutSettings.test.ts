/** What the option `fanOut` of readers and groups may be, and what becomes of it. */
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Rules from "../src/internal/options/rules.js"
import * as FanOutSettings from "../src/internal/reading/fanOutSettings.js"
import * as ConsumerArn from "../src/internal/shard/consumerArn.js"
import * as Bad from "./support/badValues.js"

const streamArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
const arn = `${streamArn}/consumer/billing:1763942400`

const faultOf = (
  check: typeof FanOutSettings.ofStream,
  fanOut: unknown,
  ofReader: Readonly<Record<string, unknown>> = { stream: "orders", application: "billing" }
) => {
  const others = Object.fromEntries(Object.keys(ofReader).map((name) => [name, () => undefined]))
  return Rules.fault("Reader", { ...others, fanOut: check }, { ...ofReader, fanOut })
}

const { ofGroup, ofStream } = FanOutSettings
const checks = [ofStream, ofGroup]

describe("fanOut", () => {
  it("is a consumer's name or ARN, options, or false; true in a group", () => {
    for (const check of checks) {
      for (const right of ["b", "n".repeat(128), "A_z.0-9", arn, { consumer: "billing" }, { consumer: arn }, false]) {
        assert.isUndefined(faultOf(check, right), String(right))
      }
      const all = { consumer: "billing", register: false, whileUnavailable: "wait", deregister: false }
      assert.isUndefined(faultOf(check, all))
    }
    assert.isUndefined(faultOf(ofStream, { consumer: "billing", deregister: true }))
    for (const right of [true, {}, { register: false }]) assert.isUndefined(faultOf(ofGroup, right))
  })

  it("is refused, and quoted, when it is anything else", () => {
    for (const check of checks) {
      for (const wrong of ["", "a b", "n".repeat(129), "ü", arn.slice(0, -11), `${arn}x`, 5, NaN, null, [], () => 1]) {
        const fault = faultOf(check, wrong)
        assert.strictEqual(fault?._tag, "InvalidArgument")
        assert.strictEqual(fault?.field, "fanOut")
        assert.match(fault!.description, /^must be .*a consumer's name \(1 to 128 of a-z A-Z 0-9 _ \. -\).*, was .+/s)
        if (typeof wrong === "string") assert.include(fault!.description, JSON.stringify(wrong))
      }
    }
    assert.include(faultOf(ofStream, true)?.description, "was true")
  })

  it("names the option in it that is wrong", () => {
    const wrong = {
      consumer: [...Bad.text, "a".repeat(129)],
      register: Bad.flag,
      whileUnavailable: Bad.word,
      deregister: Bad.flag
    }
    for (const check of checks) {
      for (const [name, values] of Object.entries(wrong)) {
        for (const value of [null, ...values]) {
          const fault = faultOf(check, { consumer: "billing", [name]: value })
          assert.strictEqual(fault?.field, `fanOut.${name}`)
          assert.match(fault!.description, /^must be .+, was .+/s)
        }
      }
      assert.include(faultOf(check, { consumer: "a", regster: true })?.message, "did you mean register?")
    }
  })

  it("a reader without a group must name a consumer", () => {
    for (const unnamed of [{}, { register: true }, { consumer: undefined }]) {
      assert.strictEqual(faultOf(ofStream, unnamed)?.field, "fanOut.consumer")
    }
  })

  it("an application whose name is too long needs another for its consumer", () => {
    const long = { stream: "orders", application: "n".repeat(129) }
    assert.include(faultOf(ofGroup, true, long)?.message, "the application's is too long")
    const fault = faultOf(ofGroup, {}, long)
    assert.strictEqual(fault?.field, "fanOut.consumer")
    assert.include(fault?.message, "the application's is too long")
    assert.isUndefined(faultOf(ofGroup, "billing", long))
    assert.isUndefined(faultOf(ofGroup, { consumer: "billing" }, long))
  })

  it("a group deregisters no consumer", () => {
    assert.strictEqual(faultOf(ofGroup, { deregister: true })?.field, "fanOut.deregister")
  })

  it("an ARN is of the stream that is read", () => {
    for (const check of checks) {
      for (const stream of ["orders", streamArn, ["orders"], [streamArn]]) {
        assert.isUndefined(faultOf(check, arn, { stream }))
        assert.isUndefined(faultOf(check, { consumer: arn }, { stream }))
      }
      for (const stream of ["others", streamArn.replace("eu-west-1", "us-east-1"), ["others"], ["orders", "others"]]) {
        assert.strictEqual(faultOf(check, arn, { stream })?.field, "fanOut")
        assert.strictEqual(faultOf(check, { consumer: arn }, { stream })?.field, "fanOut.consumer")
      }
      assert.include(
        faultOf(check, arn, { stream: ["orders", "others"] })?.message,
        "a name, since the streams are several"
      )
    }
  })

  it("becomes settings with defaults", () => {
    const settings = {
      consumer: "billing",
      arn: undefined,
      register: true,
      whileUnavailable: "poll",
      deregister: false
    } as const
    assert.deepStrictEqual(FanOutSettings.make("billing"), settings)
    assert.deepStrictEqual(FanOutSettings.make(true, "billing"), settings)
    assert.deepStrictEqual(FanOutSettings.make({}, "billing"), settings)
    assert.deepStrictEqual(FanOutSettings.make({ consumer: "billing" }, "other"), settings)
    assert.deepStrictEqual(FanOutSettings.make(arn), { ...settings, arn })
    assert.deepStrictEqual(FanOutSettings.make({ consumer: arn, register: false, deregister: true }), {
      ...settings,
      arn,
      register: false,
      deregister: true
    })
    assert.deepStrictEqual(FanOutSettings.make({ whileUnavailable: "wait" }, "billing"), {
      ...settings,
      whileUnavailable: "wait"
    })
    assert.isUndefined(FanOutSettings.make(undefined, "billing"))
    assert.isUndefined(FanOutSettings.make(false, "billing"))
  })
})

describe("a consumer's ARN", () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/)

  it("has the stream's ARN, the stream's name and the consumer's", () => {
    fc.assert(fc.property(name, name, fc.nat(), (stream, consumer, created) => {
      const streamArn = `arn:aws-cn:kinesis:cn-north-1:123456789012:stream/${stream}`
      const parsed = ConsumerArn.parse(`${streamArn}/consumer/${consumer}:${created}`)
      assert.deepStrictEqual(parsed, { streamArn, stream, consumer })
      assert.isTrue(ConsumerArn.isOf(parsed!, stream))
      assert.isTrue(ConsumerArn.isOf(parsed!, streamArn))
      assert.isFalse(ConsumerArn.isOf(parsed!, `${stream}x`))
    }))
  })

  it("is none of anything else", () => {
    fc.assert(fc.property(name, (text) => assert.isUndefined(ConsumerArn.parse(text))))
    for (
      const text of [streamArn, arn.slice(0, -11), `${arn}x`, `x${arn}`, `${arn}\n`, arn.replace("kinesis", "sqs")]
    ) {
      assert.isUndefined(ConsumerArn.parse(text), text)
    }
  })
})
