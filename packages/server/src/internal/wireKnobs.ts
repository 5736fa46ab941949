import * as AwsSdk from "effect-kinesis/AwsSdk"
import * as Effect from "effect/Effect"
import type * as KinesisServer from "../KinesisServer.js"
import * as Schemas from "./api/schemas.js"
import type { WireFault } from "./http/wireFaults.js"
import type { State } from "./state.js"

const { flag, optional, that, whole } = AwsSdk

const operations = Object.keys(Schemas.operations).map((name) => name.charAt(0).toLowerCase() + name.slice(1))

const target = {
  operation: optional(that("an operation such as \"getRecords\"", (given) => operations.includes(given as string))),
  times: optional((given, options) => given === Infinity ? undefined : whole(0)(given, options))
}

/** The knobs of the wire. They die of options that are wrong, as the engine's do. */
export const make = (self: State): KinesisServer.WireKnobs => {
  const knob = <T extends KinesisServer.WireTarget>(
    name: keyof KinesisServer.WireKnobs,
    table: Readonly<Record<string, AwsSdk.Check>>,
    fault: (target: T) => WireFault
  ) =>
  (given: T): Effect.Effect<void> =>
    Effect.map(Effect.orDie(AwsSdk.check(`KinesisServer.wire.${name}`, table, given)), () => {
      const { operation, times = 1 } = given
      if (times >= 1) self.faults = [...self.faults, { fault: fault(given), operation, times }]
    })
  return {
    cutBody: knob("cutBody", target, () => ({ kind: "cut" })),
    dropConnection: knob(
      "dropConnection",
      { ...target, before: optional(flag) },
      ({ before = false }: KinesisServer.WireTarget & { readonly before?: boolean | undefined }) => ({
        kind: "drop",
        before
      })
    ),
    goAway: knob("goAway", target, () => ({ kind: "goAway" })),
    clearFaults: Effect.sync(() => {
      self.faults = []
    })
  }
}
