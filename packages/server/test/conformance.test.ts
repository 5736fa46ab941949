import { KinesisServer } from "@effect-kinesis/server"
import { NodeHttp2Handler } from "@smithy/node-http-handler"
import { Effect, Layer } from "effect"
import { KinesisClient } from "effect-kinesis"
import { conformance } from "../../local/test/support/conformance.js"

const over = (options: KinesisClient.Options) =>
  Layer.unwrapScoped(
    Effect.map(KinesisServer.make(), ({ clientOptions }) => KinesisClient.layer({ ...clientOptions, ...options }))
  )

/** The same suite as the engine's, through the client and the wire. */
conformance({ name: "over HTTP/1.1 in JSON", ours: true, overSdk: true, implementation: over({}) })
conformance({ name: "over HTTP/1.1 in CBOR", ours: true, overSdk: true, implementation: over({ protocol: "cbor" }) })
conformance({
  name: "over HTTP/2 in JSON",
  ours: true,
  overSdk: true,
  implementation: Layer.suspend(() => over({ requestHandler: new NodeHttp2Handler() }))
})
