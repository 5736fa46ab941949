/**
 * For the packages beside this one that call another service of AWS through the AWS SDK, such as `@effect-kinesis/dynamodb`: clients, typed
 * errors and checks of options that are the same as those of `KinesisClient`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Checks from "./internal/options/checks.js"
import * as Rules from "./internal/options/rules.js"
import type * as Tables from "./internal/options/table.js"
import * as Advice from "./internal/wire/advice.js"
import * as Answers from "./internal/wire/answers.js"
import * as Contact from "./internal/wire/contact.js"
import * as ErrorMapping from "./internal/wire/errorMapping.js"
import * as SdkClients from "./internal/wire/sdkClient.js"
import type { InvalidArgument, KinesisError } from "./KinesisError.js"
import { ServiceUnavailable } from "./KinesisError.js"

/**
 * What every client of the AWS SDK is given.
 *
 * @since 0.1.0
 * @category clients
 */
export interface ClientOptions extends SdkClients.ClientOptions {}

/**
 * How many connections a client has at most, and how long one may take to open, in milliseconds.
 *
 * @since 0.1.0
 * @category clients
 */
export interface Connections extends SdkClients.Connections {}

/**
 * The settings of an SDK client that retries nothing: the errors of each call are seen, and a call takes no longer than one request.
 *
 * @since 0.1.0
 * @category clients
 */
export const clientConfig: (options: ClientOptions, connections: Connections) => SdkClients.ClientConfig =
  SdkClients.config

/**
 * An SDK client whose sockets close with the scope.
 *
 * @since 0.1.0
 * @category clients
 */
export const scoped: <Sdk extends { readonly destroy: () => void }>(
  make: () => Sdk
) => Effect.Effect<Sdk, never, Scope.Scope> = SdkClients.scoped

/**
 * A client of the AWS SDK, whichever its service is.
 *
 * @since 0.1.0
 * @category clients
 */
export interface SdkClient extends Answers.WatchedClient {}

/**
 * Makes the errors of an SDK client tell more to {@link fromCause}: whether the provider of its credentials threw them and whether there
 * were credentials before, and whether this machine's clock was to blame. A success whose body is empty, is no object, or names an error is
 * an error from then on. Call it before the client's first call; a second time it does nothing. Without it what a provider throws is known
 * by its name alone, and taken for final.
 *
 * @since 0.1.0
 * @category clients
 */
export const watch = (sdk: SdkClient): void => Answers.watch(sdk, { mayBeEmpty: false })

/**
 * What is said of a call that had no answer in time: how long it was waited for, and what to check where nothing has ever answered the
 * client.
 *
 * @since 0.1.0
 * @category errors
 */
export const waited = (sdk: SdkClient, duration: Duration.DurationInput): string =>
  Advice.ofWait(Duration.format(duration), Contact.of(sdk))

/**
 * What an exception of a service is: a throttle of its throughput or of its number of calls, or an error by its tag.
 *
 * @since 0.1.0
 * @category errors
 */
export type Exception = ErrorMapping.Exception

/**
 * What is known of a failed call without asking its error: the `service` as IAM has it (default: `"kinesis"`), the API's name of the
 * `operation` such as `UpdateItem`, the client `sdk` that made it, the `resource` when that is no stream, such as `table orders`, with which the description begins, and
 * what the service's own `exceptions` are, by their names.
 *
 * @since 0.1.0
 * @category errors
 */
export interface Call extends ErrorMapping.Call {}

/**
 * The error of a call: of a provider of credentials; else by the deepest cause that has a known name; else by the HTTP status; else as
 * unavailable. Takes whatever was thrown, and never throws.
 *
 * @since 0.1.0
 * @category errors
 */
export const errorFromCause = (call: Call, cause: unknown): KinesisError => {
  const error = ErrorMapping.fromCause(call, cause)
  return error._tag === "ExpiredIterator" || error._tag === "ExpiredListToken"
    ? new ServiceUnavailable({
      operation: error.operation,
      stream: error.stream,
      shardId: error.shardId,
      description: error.description,
      cause
    })
    : error
}

/**
 * Fails unless `sdk`, which a user made, is an SDK client of the class `name` that retries nothing.
 *
 * @since 0.1.0
 * @category clients
 */
export const checkClient: (
  operation: string,
  name: string,
  sdk: SdkClients.GivenClient
) => Effect.Effect<void, InvalidArgument> = SdkClients.check

/**
 * Judges the value of an option: says what it must be, or nothing.
 *
 * @since 0.1.0
 * @category options
 */
export type Check = Tables.Check

/**
 * A check for each of the options, none left out. A name that is not in the table is no option.
 *
 * @since 0.1.0
 * @category options
 */
export type Table<Options> = Tables.Table<Options>

/**
 * Fails with the first option that is wrong: one that is not in the table, with the name that was probably meant, else one whose value is
 * not permitted.
 *
 * @since 0.1.0
 * @category options
 */
export const check: (
  operation: string,
  table: Readonly<Record<string, Check>>,
  options: unknown
) => Effect.Effect<void, InvalidArgument> = Rules.check

/**
 * The checks of {@link ClientOptions}; `endpoint` is an example of one.
 *
 * @since 0.1.0
 * @category options
 */
export const clientTable: (endpoint: string) => Table<ClientOptions> = SdkClients.table

/**
 * An option that may be left out.
 *
 * @since 0.1.0
 * @category options
 */
export const optional: (check: Check) => Check = Checks.optional

/**
 * A value for which a test holds; `mustBe` says what it must be, such as `a list of streams`.
 *
 * @since 0.1.0
 * @category options
 */
export const that: (mustBe: string, holds: (given: unknown) => boolean) => Check = Checks.that

/**
 * True or false.
 *
 * @since 0.1.0
 * @category options
 */
export const flag: Check = Checks.flag

/**
 * A text of this form; `mustBe` says which.
 *
 * @since 0.1.0
 * @category options
 */
export const text: (mustBe: string, pattern: RegExp) => Check = Checks.text

/**
 * A function; `returning` says what it returns, such as `an Effect`.
 *
 * @since 0.1.0
 * @category options
 */
export const fn: (returning: string) => Check = Checks.fn

/**
 * One of these words.
 *
 * @since 0.1.0
 * @category options
 */
export const oneOf: (...permitted: ReadonlyArray<string>) => Check = Checks.oneOf

/**
 * A whole number, both bounds included; without `most` there is no upper one.
 *
 * @since 0.1.0
 * @category options
 */
export const whole: (least: number, most?: number) => Check = Checks.whole

/**
 * A duration, both bounds included, in milliseconds. Without `mostMillis` it may be as long as a timer's, 24 days.
 *
 * @since 0.1.0
 * @category options
 */
export const duration: (leastMillis?: number, mostMillis?: number) => Check = Checks.duration

/**
 * A list of objects, each with options of its own; `what` says of what.
 *
 * @since 0.1.0
 * @category options
 */
export const listOf: (what: string, table: Readonly<Record<string, Check>>) => Check = Checks.listOf
