/** A value that a filter's pattern took out of a message. */
export type ExtractedField = string | number | boolean | null

/** An event that was logged. */
export interface Event {
  /** Unique among the events of the log stream. */
  readonly id: string
  /** Milliseconds since the epoch, by whoever logged it. */
  readonly timestamp: number
  /** What was logged. */
  readonly message: string
  /** Such as `/aws/lambda/billing`. */
  readonly logGroup: string
  /** The stream of the group that it was logged to. */
  readonly logStream: string
  /** The account that logged it. */
  readonly owner: string
  /** Such as `ACCOUNT_LEVEL_POLICY`, where the delivery says it: whether the account's filter or the log group's took the event. */
  readonly policyLevel?: string | undefined
  /** The names of the filters that took the event, where the delivery says them. */
  readonly subscriptionFilters?: ReadonlyArray<string> | undefined
  /** What the filter's pattern took out of the message, by name, and the system's fields if the filter adds them, such as `@aws.region`. */
  readonly extractedFields?: Readonly<Record<string, ExtractedField>> | undefined
}

/** What CloudWatch Logs writes to a stream, as its subscription filters' documentation has it. */
export interface Delivery {
  readonly control: boolean
  readonly events: ReadonlyArray<Event>
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null

const isText = (value: unknown): value is string => typeof value === "string"

const isTexts = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isText)

const isExtractedField = (value: unknown): value is ExtractedField => value === null || typeof value !== "object"

const isExtractedFields = (value: unknown): value is Readonly<Record<string, ExtractedField>> =>
  isObject(value) && !Array.isArray(value) && Object.values(value).every(isExtractedField)

const eventOf = (value: unknown, delivery: Omit<Event, "id" | "timestamp" | "message">): Event | undefined => {
  if (!isObject(value)) return undefined
  const { id, message, timestamp } = value
  const extractedFields = value["extractedFields"] ?? undefined
  if (!isText(id) || typeof timestamp !== "number" || !isText(message)) return undefined
  if (extractedFields === undefined) return { id, timestamp, message, ...delivery }
  return isExtractedFields(extractedFields) ? { id, timestamp, message, ...delivery, extractedFields } : undefined
}

/** The delivery in a parsed JSON value; undefined when it is none. */
export const parse = (value: unknown): Delivery | undefined => {
  if (!isObject(value)) return undefined
  if (value["messageType"] === "CONTROL_MESSAGE") return { control: true, events: [] }
  const { logEvents, logGroup, logStream, messageType, owner } = value
  const policyLevel = value["policyLevel"] ?? undefined
  const subscriptionFilters = value["subscriptionFilters"] ?? undefined
  if (messageType !== "DATA_MESSAGE" || !Array.isArray(logEvents)) return undefined
  if (!isText(logGroup) || !isText(logStream) || !isText(owner)) return undefined
  if (policyLevel !== undefined && !isText(policyLevel)) return undefined
  if (subscriptionFilters !== undefined && !isTexts(subscriptionFilters)) return undefined
  const delivery = {
    logGroup,
    logStream,
    owner,
    ...(policyLevel === undefined ? {} : { policyLevel }),
    ...(subscriptionFilters === undefined ? {} : { subscriptionFilters })
  }
  const events = logEvents.map((event) => eventOf(event, delivery))
  return events.every((event) => event !== undefined) ? { control: false, events } : undefined
}
