import type { KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** What every client of the AWS SDK is given. */
export interface ClientOptions {
  /** Default: as the AWS SDK finds it (`AWS_REGION`, the shared config). */
  readonly region?: string | undefined
  /** Default: the service's own endpoint in the region. */
  readonly endpoint?: string | undefined
  /** Default: the AWS SDK's provider chain. */
  readonly credentials?: KinesisClientConfig["credentials"] | undefined
  /** Certificates (PEM) to trust in place of those that Node trusts, for an endpoint with one of its own. Default: Node's. */
  readonly certificateAuthority?: string | undefined
  /**
   * Another transport of the SDK. Default: HTTP/1.1 with keep-alive, since the SDK's own default opens a new HTTP/2 session for each
   * call (aws-sdk-js-v3 issue 8279). It is closed with the client.
   */
  readonly requestHandler?: KinesisClientConfig["requestHandler"] | undefined
}

/** How connections are opened. */
export interface Connections {
  /** How many there may be at once; each carries one call at a time. */
  readonly maxSockets: number
  /** How long one may take to open, in milliseconds. */
  readonly connectionTimeout: number
}

/** The settings of an SDK client that retries nothing. */
export type ClientConfig =
  & Pick<KinesisClientConfig, "credentials" | "endpoint" | "logger" | "region" | "requestHandler">
  & { readonly maxAttempts: 1 }

const silent = (): void => undefined

/** The SDK makes a full copy of each answer for a logger that has `info`, even a silent one; this one has none. */
const logger = { trace: silent, debug: silent, warn: silent, error: silent } as NonNullable<
  KinesisClientConfig["logger"]
>

const present = <A extends object>(options: A): { readonly [K in keyof A]: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never

export const config = (
  { certificateAuthority, credentials, endpoint, region, requestHandler }: ClientOptions,
  { connectionTimeout, maxSockets }: Connections
): ClientConfig => {
  const agent = { keepAlive: true, maxSockets }
  return {
    ...present({ region, endpoint, credentials }),
    maxAttempts: 1,
    logger,
    requestHandler: requestHandler ?? new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: { ...agent, ...present({ ca: certificateAuthority }) },
      connectionTimeout
    })
  } as ClientConfig
}

/** A client whose sockets close with the scope. */
export const scoped = <Sdk extends { readonly destroy: () => void }>(
  make: () => Sdk
): Effect.Effect<Sdk, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(make), (sdk) => Effect.sync(() => sdk.destroy()))
