import { assert, describe, it } from "@effect/vitest"
import { Int64 } from "@smithy/core/event-streams"
import { FastCheck as fc } from "effect"
import { crc32 } from "node:zlib"
import * as EventStream from "../../src/internal/wire/eventStream.js"
import * as EventStreams from "../support/eventStreams.js"
import { cut } from "../support/received.js"

const { codec, message, text } = EventStreams

/** What is read of these pieces, each step in words. */
const read = (pieces: ReadonlyArray<Uint8Array>) => {
  const state = EventStream.make()
  const steps: Array<string> = []
  for (const piece of pieces) {
    EventStream.push(state, Buffer.from(piece))
    for (let step = EventStream.next(state); step !== undefined; step = EventStream.next(state)) {
      steps.push(inWords(step))
      if (step._tag === "Broken") return { steps, state }
    }
  }
  return { steps, state }
}

const inWords = (step: EventStream.Step): string => {
  switch (step._tag) {
    case "Announced":
      return `announced ${step.bytes}`
    case "Event":
      return `event ${step.payload}`
    case "Refused":
      return `${step.error.name}: ${step.error.message}`
    case "Broken":
      return `broken: ${step.reason}`
  }
}

const stepsOf = (...messages: ReadonlyArray<Uint8Array>) => read([Buffer.concat(messages)]).steps

const withPrelude = (bytes: number, headers: number, rest = Buffer.alloc(0)): Buffer => {
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(bytes, 0)
  prelude.writeUInt32BE(headers, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  return Buffer.concat([prelude, rest])
}

/** A message whose headers are these bytes, with right checksums. */
const messageOf = (headers: Buffer, payload: Buffer): Buffer => {
  const start = withPrelude(headers.length + payload.length + 16, headers.length, Buffer.concat([headers, payload]))
  const trailer = Buffer.alloc(4)
  trailer.writeUInt32BE(crc32(start))
  return Buffer.concat([start, trailer])
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}

const event = EventStreams.eventOf("{\"a\":1}")

describe("eventStream", () => {
  it("reads what the SDK's codec writes, in any pieces", () => {
    const whole = Buffer.concat([
      EventStreams.accepted,
      event,
      EventStreams.eventOf("x".repeat(3_000)),
      EventStreams.eventOf(""),
      EventStreams.exception("ResourceInUseException", "taken over")
    ])
    const { steps } = read([whole])
    assert.deepStrictEqual(steps, [
      `announced ${event.length}`,
      "event {\"a\":1}",
      `announced ${EventStreams.eventOf("x".repeat(3_000)).length}`,
      `event ${"x".repeat(3_000)}`,
      `announced ${EventStreams.eventOf("").length}`,
      "event ",
      "ResourceInUseException: taken over"
    ])
    for (const size of [1, 2, 3, 11, 12, 13, 50, 511, 1_000]) {
      const places = Array.from({ length: Math.floor(whole.length / size) }, (_, index) => (index + 1) * size)
      assert.deepStrictEqual(read(cut(whole, places)).steps, steps, `pieces of ${size} bytes`)
    }
    for (let place = 1; place < whole.length; place++) assert.deepStrictEqual(read(cut(whole, [place])).steps, steps)
  })

  it("gives the payloads that the SDK's codec gives, for any events and cuts", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 })
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(5_000), { maxLength: 8 }), (payloads, places) => {
        const events = payloads.map((payload) => EventStreams.eventOf(payload))
        const state = EventStream.make()
        const given: Array<Uint8Array> = []
        for (const piece of cut(Buffer.concat(events), places)) {
          EventStream.push(state, Buffer.from(piece))
          for (let step = EventStream.next(state); step !== undefined; step = EventStream.next(state)) {
            if (step._tag === "Event") given.push(Uint8Array.from(step.payload))
          }
        }
        assert.deepStrictEqual(given, events.map((bytes) => Uint8Array.from(codec.decode(bytes).body)))
        assert.isTrue(EventStream.isWhole(state))
      }),
      { numRuns: 300 }
    )
  })

  it("announces an event by its headers, before its payload has come", () => {
    const large = EventStreams.eventOf("x".repeat(100_000))
    const state = EventStream.make()
    EventStream.push(state, large.subarray(0, 11))
    assert.isUndefined(EventStream.next(state))
    EventStream.push(state, large.subarray(11, 200))
    assert.deepStrictEqual(EventStream.next(state), { _tag: "Announced", bytes: large.length })
    assert.isUndefined(EventStream.next(state))
    EventStream.push(state, large.subarray(200))
    assert.strictEqual(EventStream.next(state)?._tag, "Event")
  })

  it("F98 a prelude with a wrong checksum is broken, before its lengths are believed", () => {
    const huge = Buffer.alloc(16)
    huge.writeUInt32BE(0xffff_fff0, 0)
    const before = process.memoryUsage().arrayBuffers
    assert.deepStrictEqual(stepsOf(huge), ["broken: the checksum of a prelude is wrong"])
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 2 ** 30)
    for (let at = 0; at < 12; at++) {
      assert.deepStrictEqual(stepsOf(event, flipped(event, at)).slice(2), [
        "broken: the checksum of a prelude is wrong"
      ])
    }
  })

  it("F98 a message with a wrong checksum is broken, and nothing of it is yielded", () => {
    for (let at = 12; at < event.length; at++) {
      const steps = stepsOf(flipped(event, at), event)
      assert.strictEqual(steps.at(-1), "broken: the checksum of a message is wrong", `byte ${at}`)
      assert.isFalse(steps.some((step) => step.startsWith("event")), `byte ${at}`)
    }
  })

  it("F98 lengths that cannot be are broken", () => {
    const mib = 1024 * 1024
    for (
      const [bytes, headers] of [[15, 0], [0, 0], [20, 5], [24 * mib + 1, 0], [mib, 128 * 1024 + 1], [
        2 ** 32 - 1,
        0
      ]] as const
    ) {
      assert.deepStrictEqual(stepsOf(withPrelude(bytes, headers)), [
        `broken: a message cannot have ${bytes} bytes, ${headers} of them headers`
      ])
    }
  })

  it("takes messages of 24 MiB and headers of 128 KiB", () => {
    const names = Array.from({ length: 4 }, (_, index) => [`h${index}`, text("v".repeat(30_000))] as const)
    const headers = {
      ...Object.fromEntries(names),
      ":message-type": text("event"),
      ":event-type": text("SubscribeToShardEvent")
    }
    const overhead = message(headers).length
    assert.isAbove(overhead, 120_000)
    const payload = Buffer.alloc(EventStream.mostBytes - overhead, "a")
    const largest = message(headers, payload)
    assert.strictEqual(largest.length, EventStream.mostBytes)
    const state = EventStream.make()
    let events = 0
    for (let at = 0; at < largest.length; at += 1_000_000) {
      EventStream.push(state, largest.subarray(at, at + 1_000_000))
      for (let step = EventStream.next(state); step !== undefined; step = EventStream.next(state)) {
        if (step._tag === "Event") events += Number(step.payload.equals(payload))
      }
    }
    assert.strictEqual(events, 1)
  })

  it("F98 bytes that end inside a message are not whole", () => {
    for (let end = 0; end <= event.length; end++) {
      const { state, steps } = read([event.subarray(0, end)])
      assert.strictEqual(EventStream.isWhole(state), end === 0 || end === event.length, `${end} bytes`)
      assert.strictEqual(steps.filter((step) => step.startsWith("event")).length, end === event.length ? 1 : 0)
    }
  })

  it("F99 exceptions and errors come after the events before them, and have the service's name and words", () => {
    assert.deepStrictEqual(
      stepsOf(event, EventStreams.exception("KMSDisabledException", "the key is disabled")).slice(1),
      [
        "event {\"a\":1}",
        "KMSDisabledException: the key is disabled"
      ]
    )
    assert.deepStrictEqual(stepsOf(EventStreams.failure("InternalError", "boom")), ["InternalError: boom"])
    const headers = { ":message-type": text("exception"), ":exception-type": text("InternalFailureException") }
    for (const payload of ["", "{}", "not json", "{\"message\":7}"]) {
      assert.deepStrictEqual(stepsOf(message(headers, payload)), ["InternalFailureException: InternalFailureException"])
    }
    assert.deepStrictEqual(stepsOf(message(headers, "{\"Message\":\"M\"}")), ["InternalFailureException: M"])
    assert.deepStrictEqual(stepsOf(message({ ":message-type": text("error"), ":error-code": text("E") })), ["E: E"])
  })

  it("F100 messages of an unknown kind are skipped and counted", () => {
    const { state, steps } = read([Buffer.concat([
      EventStreams.eventOf("{}", "SomethingNew"),
      message({}),
      message({ ":message-type": text("news"), ":event-type": text("SubscribeToShardEvent") }, "{}"),
      message({ ":event-type": text("SubscribeToShardEvent") }, "{}"),
      event
    ])])
    assert.deepStrictEqual(steps, [`announced ${event.length}`, "event {\"a\":1}"])
    assert.strictEqual(state.skipped, 4)
  })

  it("F100 headers of every type are passed over", () => {
    const all = message({
      yes: { type: "boolean", value: true },
      no: { type: "boolean", value: false },
      byte: { type: "byte", value: -7 },
      short: { type: "short", value: 700 },
      integer: { type: "integer", value: 70_000 },
      long: { type: "long", value: Int64.fromNumber(7e12) },
      binary: { type: "binary", value: Buffer.alloc(300, 7) },
      timestamp: { type: "timestamp", value: new Date(0) },
      uuid: { type: "uuid", value: "01234567-89ab-cdef-0123-456789abcdef" },
      ":message-type": text("event"),
      ":event-type": text("SubscribeToShardEvent")
    }, "payload")
    assert.deepStrictEqual(stepsOf(all), [`announced ${all.length}`, "event payload"])
  })

  it("F100 a header of an unknown type, or one that ends beyond the others, is no error", () => {
    const known = message({ ":message-type": text("event"), ":event-type": text("SubscribeToShardEvent") })
    const headers = known.subarray(12, known.length - 4)
    const strange = [
      Buffer.from([1, 0x61, 10, 1, 2, 3]),
      Buffer.from([1, 0x61, 255]),
      Buffer.from([200, 0x61]),
      Buffer.from([1, 0x61]),
      Buffer.from([1, 0x61, 7, 0]),
      Buffer.from([1, 0x61, 7, 0xff, 0xff, 1]),
      Buffer.from([1, 0x61, 9, 1])
    ]
    for (const header of strange) {
      const last = messageOf(Buffer.concat([headers, header]), Buffer.from("payload"))
      assert.deepStrictEqual(stepsOf(last, event).slice(0, 2), [`announced ${last.length}`, "event payload"])
      const first = read([Buffer.concat([messageOf(Buffer.concat([header, headers]), Buffer.alloc(9)), event])])
      assert.deepStrictEqual(first.steps, [`announced ${event.length}`, "event {\"a\":1}"])
      assert.strictEqual(first.state.skipped, 1)
    }
  })

  it("messages that differ from the one before in their headers are taken for what they are", () => {
    const steps = stepsOf(event, EventStreams.accepted, event, EventStreams.eventOf("{}", "New"), event)
    assert.deepStrictEqual(steps.filter((step) => step.startsWith("event")), Array(3).fill("event {\"a\":1}"))
  })
})
