import * as Checks from "../options/checks.js"
import { type Check, refused, type Table } from "../options/table.js"
import * as ConsumerArn from "../shard/consumerArn.js"

/**
 * How a reader gets its shards pushed, by enhanced fan-out.
 */
export interface FanOutOptions {
  /**
   * Name or ARN of the consumer of the stream as which shards are subscribed to: 1 to 128 of `a-z A-Z 0-9 _ . -`, or an ARN with the time of
   * its creation. Only one program at a time subscribes as one consumer: two that share a name take the shards from each other. A name costs
   * a DescribeStreamSummary unless the stream is given by its ARN; an ARN is needed for a stream of another account. Default: in a group the
   * application's name, as in KCL; a reader without a group must say it.
   */
  readonly consumer?: string | undefined
  /**
   * Whether to register a consumer that is not there. It costs money for each shard and hour until it is deregistered, be it used or not.
   * With `false` reading fails with `ResourceNotFound` instead. Default: true, as in KCL.
   */
  readonly register?: boolean | undefined
  /**
   * What to do while the consumer cannot be used, since it is being created, or another has subscribed within the last 5 seconds: `"poll"`
   * reads by GetRecords meanwhile, `"wait"` does nothing. Default: `"poll"`.
   */
  readonly whileUnavailable?: "poll" | "wait" | undefined
  /**
   * Whether to deregister the consumer when reading ends, if this run has registered it. Not for groups: others may read, and whoever starts
   * next would have to wait until it is gone. Default: false.
   */
  readonly deregister?: boolean | undefined
}

/** What a reader's option can be: a consumer's name or ARN, all options, or `true` for the defaults of a group. */
export type FanOut = string | boolean | FanOutOptions

/** As which consumer to subscribe, and how. */
export interface FanOutSettings {
  /** Its name. */
  readonly consumer: string
  /** Undefined unless it was given. */
  readonly arn: string | undefined
  readonly register: boolean
  readonly whileUnavailable: "poll" | "wait"
  readonly deregister: boolean
}

export const defaults = {
  register: true,
  whileUnavailable: "poll" as "poll" | "wait",
  deregister: false
}

const aName = "a consumer's name (1 to 128 of a-z A-Z 0-9 _ . -)"

/** A consumer's name. */
export const name: Check = Checks.text(aName, ConsumerArn.namePattern)

/** A consumer's name, or the ARN of one of the stream beside it. */
export const nameOrArn: Check = (given, { stream }) => {
  if (typeof given !== "string") return refused(`${aName} or its ARN`, given)
  const arn = ConsumerArn.parse(given)
  if (arn === undefined) return ConsumerArn.namePattern.test(given) ? undefined : refused(`${aName} or its ARN`, given)
  const streams: ReadonlyArray<unknown> = Array.isArray(stream) ? stream : [stream ?? arn.stream]
  return streams.every((each) => typeof each === "string" && ConsumerArn.isOf(arn, each))
    ? undefined
    : refused(streams.length > 1 ? "a name, since the streams are several" : "a consumer of the stream", given)
}

/** An application's name can be longer than a consumer's. */
const ofApplication: Check = (given, { application }) =>
  typeof application === "string" && !ConsumerArn.namePattern.test(application)
    ? refused(`${aName}, since the application's is too long for one`, given)
    : undefined

/** What the options must be, beside those of the reader. */
type TableBeside = (ofReader: Readonly<Record<string, unknown>>) => Table<FanOutOptions>

const streamTable: TableBeside = (ofReader) => ({
  consumer: (given) => nameOrArn(given, ofReader),
  register: Checks.optional(Checks.flag),
  whileUnavailable: Checks.optional(Checks.oneOf("poll", "wait")),
  deregister: Checks.optional(Checks.flag)
})

const groupTable: TableBeside = (ofReader) => ({
  ...streamTable(ofReader),
  consumer: (given) => given === undefined ? ofApplication(given, ofReader) : nameOrArn(given, ofReader),
  deregister: Checks.optional(
    Checks.that("left out in a group, whose other workers may read", (given) => given === false)
  )
})

const orOptions = `${aName} or its ARN, or options with one`

const fanOut = (mustBe: string, table: TableBeside): Check => (given, options) =>
  given === false
    ? undefined
    : typeof given === "string"
    ? nameOrArn(given, options)
    : Checks.nested(mustBe, table(options))(given, options)

/** What the option of a reader of a stream must be. */
export const ofStream: Check = fanOut(orOptions, streamTable)

const inGroup = fanOut(`true, ${orOptions}`, groupTable)

/** What the option of a group must be. */
export const ofGroup: Check = (given, ofReader) =>
  given === true ? ofApplication(given, ofReader) : inGroup(given, ofReader)

/** The option with its defaults; undefined where a reader polls. `application` is the name of a group. */
export const make = (fanOut: FanOut | undefined, application?: string): FanOutSettings | undefined => {
  if (fanOut === undefined || fanOut === false) return undefined
  const options: FanOutOptions = fanOut === true ? {} : typeof fanOut === "string" ? { consumer: fanOut } : fanOut
  const {
    consumer = application ?? "",
    deregister = defaults.deregister,
    register = defaults.register,
    whileUnavailable = defaults.whileUnavailable
  } = options
  const arn = ConsumerArn.parse(consumer)
  return {
    consumer: arn?.consumer ?? consumer,
    arn: arn === undefined ? undefined : consumer,
    register,
    whileUnavailable,
    deregister
  }
}
