import type { KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { InvalidArgument } from "../../KinesisError.js"
import * as Checks from "../options/checks.js"
import * as Rules from "../options/rules.js"
import { type Check, refused, type Table } from "../options/table.js"
import { messageOf } from "../text/describe.js"

/** What every client of the AWS SDK is given. */
export interface ClientOptions {
  /** Default: as the AWS SDK finds it (`AWS_REGION`, the shared config). */
  readonly region?: string | undefined
  /** Default: the service's own endpoint in the region. */
  readonly endpoint?: string | undefined
  /** Default: the AWS SDK's provider chain. */
  readonly credentials?: KinesisClientConfig["credentials"] | undefined
  /**
   * Certificates (PEM) to trust in place of those that Node trusts, for an endpoint with one of its own. Not beside `requestHandler`, whose
   * agent decides it. Default: Node's.
   */
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

const isText = (given: unknown): boolean => typeof given === "string" && given !== ""

/** Their fields, since what is in them is secret. */
const fieldsOf = (given: object): string => {
  const fields = Object.entries(given).map(([name, value]) => `${name}: ${value === "" ? "\"\"" : typeof value}`)
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`
}

const credentials: Check = (given) => {
  if (typeof given === "function") return undefined
  const mustBe =
    "{ accessKeyId, secretAccessKey } with optionally a sessionToken, all of them texts, or a provider of it"
  if (typeof given === "string") return refused(mustBe, given, "a string")
  if (typeof given !== "object" || given === null) return refused(mustBe, given)
  const { accessKeyId, secretAccessKey, sessionToken }: Readonly<Record<string, unknown>> = { ...given }
  return isText(accessKeyId) && isText(secretAccessKey) && (sessionToken === undefined || isText(sessionToken))
    ? undefined
    : refused(mustBe, given, fieldsOf(given))
}

/** An option of the transport that is made here: one that is given has its own. */
export const ofOwnTransport = (check: Check): Check =>
  Checks.optional((given, options) =>
    options["requestHandler"] === undefined
      ? check(given, options)
      : refused("left out beside requestHandler, whose agent decides it", given)
  )

/** What the options of every client must be. `endpoint` is an example. */
export const table = (endpoint: string): Table<ClientOptions> => ({
  region: Checks.optional(Checks.text(
    "a region such as \"eu-west-1\"; left out, it is that of AWS_REGION or of the profile",
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i
  )),
  endpoint: Checks.optional(Checks.url(endpoint)),
  credentials: Checks.optional(credentials),
  certificateAuthority: ofOwnTransport(
    Checks.text(
      "certificates in PEM, as \"-----BEGIN CERTIFICATE-----...\"",
      /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/
    )
  ),
  requestHandler: Checks.optional(
    Checks.that(
      "a request handler of the AWS SDK, or its settings",
      (given) => typeof given === "object" && given !== null
    )
  )
})

/** An SDK client that a user made. */
export interface GivenClient {
  readonly config: { readonly maxAttempts: () => Promise<number> }
}

const aClient = (given: unknown): boolean =>
  typeof given === "object" && given !== null && "send" in given && typeof given.send === "function" &&
  typeof (given as Partial<GivenClient>).config?.maxAttempts === "function"

/** That it is a client, and retries nothing. `name` is its class. */
export const check = (operation: string, name: string, sdk: GivenClient): Effect.Effect<void, InvalidArgument> => {
  const wrong = (description: string) => new InvalidArgument({ operation, field: "maxAttempts", description })
  return Rules.check(operation, { sdk: Checks.that(`a ${name} of the AWS SDK`, aClient) }, { sdk }).pipe(
    Effect.zipRight(Effect.tryPromise({
      try: () => sdk.config.maxAttempts(),
      catch: (cause) => wrong(`must be 1, could not be had: ${messageOf(cause)}`)
    })),
    Effect.filterOrFail(
      (maxAttempts) => maxAttempts === 1,
      (maxAttempts) => wrong(`must be 1, was ${maxAttempts}; write new ${name}({ maxAttempts: 1 })`)
    ),
    Effect.asVoid
  )
}
