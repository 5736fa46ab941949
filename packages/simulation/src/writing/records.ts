import * as Aggregation from "../../../kinesis/src/internal/record/aggregation.js"

/** A record that a caller gives to the producer. */
export interface Given {
  /** Its number in the history: that of each later one is higher. */
  readonly id: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  /** Of its data. */
  readonly bytes: number
  /** Whether the service does not take it: its key is too long. */
  readonly isInvalid: boolean
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Its number, and after it as many bytes as the record is to have. */
export const dataOf = ({ bytes, id }: Given): Uint8Array => {
  const text = encoder.encode(`${id} `)
  const data = new Uint8Array(Math.max(bytes, text.length))
  data.set(text)
  return data
}

/** The number of a record. */
export const idOf = (data: Uint8Array): number => Number.parseInt(decoder.decode(data.subarray(0, 20)), 10)

/** The numbers of the records in a record on the wire: its own, or those of its aggregate. */
export const idsOf = (data: Uint8Array): ReadonlyArray<number> => {
  const parsed = Aggregation.deaggregate(data)
  return parsed._tag === "Aggregate" ? parsed.records.map((record) => idOf(record.data)) : [idOf(data)]
}
