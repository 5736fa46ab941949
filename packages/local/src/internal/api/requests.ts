import type * as Api from "effect-kinesis/KinesisApi"
import type { Logging } from "../service.js"

interface Writing {
  readonly data?: Uint8Array
  readonly records?: ReadonlyArray<Api.PutRecordsEntry>
}

/** What the log of calls keeps of a request: of what is written, how much. */
const noted = (request: object): object => {
  const { data, records, ...rest } = request as Writing
  return data === undefined && records === undefined ? request : {
    ...rest,
    ...(data === undefined ? {} : { dataBytes: data.byteLength }),
    ...(records === undefined ? {} : { recordCount: records.length })
  }
}

/** A server runs for long: it keeps few calls, and no records in them. */
export const logging: Logging = { kept: 1_000, noted }
