import { KinesisClient as SdkClient, type KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { Effect, Layer, type Scope } from "effect"
import { KinesisClient, type KinesisError } from "effect-kinesis"
import * as HttpServer from "./httpServer.js"

/** Each way in which answers are read: in both encodings, and by the SDK alone. */
export const ways = ["json", "cbor", "sdk"] as const

export type Way = (typeof ways)[number]

/** A client that reads answers in one of these ways. */
export const connect = (
  way: Way,
  { url }: Pick<HttpServer.Server, "url">,
  options: Pick<KinesisClientConfig, "credentials" | "disableClockSkewCorrection"> = {},
  deadlines: KinesisClient.DeadlineOptions = {}
): Effect.Effect<KinesisClient.Service, KinesisError.InvalidArgument, Scope.Scope> => {
  const { credentials = HttpServer.clientOptions(url).credentials, ...others } = options
  if (way !== "sdk") {
    return KinesisClient.make({ ...HttpServer.clientOptions(url), ...deadlines, credentials, protocol: way })
  }
  return Effect.acquireRelease(
    Effect.sync(() =>
      new SdkClient({
        ...HttpServer.clientOptions(url),
        ...others,
        credentials,
        maxAttempts: 1,
        requestHandler: new NodeHttpHandler()
      })
    ),
    (sdk) => Effect.sync(() => sdk.destroy())
  ).pipe(
    Effect.flatMap((sdk) => Layer.build(KinesisClient.layerFromSdk(sdk, deadlines))),
    Effect.map((context) => context.unsafeMap.get(KinesisClient.KinesisClient.key) as KinesisClient.Service)
  )
}
