import * as AwsSdk from "effect-kinesis/AwsSdk"
import type { InvalidArgument } from "effect-kinesis/KinesisError"
import type * as Effect from "effect/Effect"
import type * as KinesisServer from "../KinesisServer.js"

const { flag, optional, text, that, whole } = AwsSdk

const port = optional(whole(0, 65_535))

const isText = (given: unknown) => typeof given === "string" && given !== ""

const credentials = that(
  "{ accessKeyId, secretAccessKey }, both of them texts",
  (given) => {
    const { accessKeyId, secretAccessKey } = { ...given as object } as Readonly<Record<string, unknown>>
    return isText(accessKeyId) && isText(secretAccessKey)
  }
)

const anything = () => undefined

/** What the options must be. Those of the engine are checked by the engine. */
const table: AwsSdk.Table<KinesisServer.Options> = {
  host: optional(text("a host's name or address, such as \"127.0.0.1\"", /^[\w.:-]+$/)),
  port,
  tls: optional(flag),
  tlsPort: port,
  region: optional(text("a region such as \"eu-west-1\"", /^[a-z0-9-]+$/)),
  verify: optional(credentials),
  data: optional(that("the path of a folder", isText)),
  streams: anything,
  accountId: anything,
  latency: anything,
  transition: anything,
  limits: anything,
  shuffleEntries: anything,
  serverClockSkew: anything,
  continuation: anything,
  endWithContinuation: anything
}

export const check = (options: KinesisServer.Options): Effect.Effect<void, InvalidArgument> =>
  AwsSdk.check("KinesisServer.make", table, options)
