/** What CloudWatch Logs writes to a stream, as its subscription filters' documentation has it. */
export interface Delivery {
  readonly control: boolean
  readonly events: ReadonlyArray<{
    readonly id: string
    readonly timestamp: number
    readonly message: string
    readonly logGroup: string
    readonly logStream: string
    readonly owner: string
  }>
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The delivery in a parsed JSON value; undefined when it is none. */
export const parse = (value: unknown): Delivery | undefined => {
  if (!isObject(value)) return undefined
  if (value["messageType"] === "CONTROL_MESSAGE") return { control: true, events: [] }
  const { logEvents, logGroup, logStream, messageType, owner } = value
  if (messageType !== "DATA_MESSAGE" || !Array.isArray(logEvents)) return undefined
  const events: Array<Delivery["events"][number]> = []
  for (const event of logEvents) {
    if (!isObject(event)) return undefined
    const { id, message, timestamp } = event
    if (typeof id !== "string" || typeof timestamp !== "number" || typeof message !== "string") return undefined
    events.push({
      id,
      timestamp,
      message,
      logGroup: String(logGroup),
      logStream: String(logStream),
      owner: String(owner)
    })
  }
  return { control: false, events }
}
