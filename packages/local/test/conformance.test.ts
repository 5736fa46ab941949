import { LocalKinesis } from "@effect-kinesis/local"
import { Effect, Layer } from "effect"
import { KinesisClient } from "effect-kinesis"
import { conformance } from "./support/conformance.js"
import * as Emulator from "./support/emulator.js"

/** The in-memory Kinesis and an emulator that is not ours, over HTTP through the real SDK, answer one suite alike. */
conformance({ name: "LocalKinesis", ours: true, overSdk: false, implementation: LocalKinesis.layer() })
conformance({
  name: "kinesis-local over HTTP",
  ours: false,
  overSdk: true,
  implementation: Layer.unwrapScoped(Effect.map(Emulator.start, KinesisClient.layer))
})
