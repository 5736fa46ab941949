import { type _Record as SdkRecord, KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { KinesisStream, RecordDecoder } from "effect-kinesis"
import * as Chunk from "effect/Chunk"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { MakeSubject, Subject } from "../measure.js"
import { type Argument, bySdk, connection, counted, options, ours } from "./reading.js"

const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int, price: Schema.Number })

/** What the records of the streams "order-…" hold. */
const Order = Schema.Struct({
  id: Schema.Int,
  type: Schema.Literal("order.placed", "order.paid", "order.shipped"),
  customer: Schema.NonEmptyString,
  at: Schema.Date,
  amount: Schema.Number,
  currency: Schema.Literal("EUR", "USD", "GBP"),
  items: Schema.Array(Item),
  note: Schema.optional(Schema.String)
})

const decoder = new TextDecoder()
const decode = Schema.decodeUnknownEither(Order)

/** So that nobody finds out that a value is not used. */
let used = 0

const useValue = ({ id }: typeof Order.Type): void => {
  used += id
}

const useData = ({ Data }: SdkRecord): void => {
  used += Data![0]!
}

const parseEach = (records: ReadonlyArray<SdkRecord>): void => {
  for (const { Data } of records) {
    const value = decode(JSON.parse(decoder.decode(Data)))
    if (Either.isLeft(value)) throw value.left
    useValue(value.right)
  }
}

const sdk = (argument: Argument, use: (records: ReadonlyArray<SdkRecord>) => void): Subject =>
  bySdk(new SdkClient(connection(argument.url)), argument, use)

const values = (argument: Argument): Subject =>
  ours(argument, (end) =>
    counted(
      RecordDecoder.json(Order)(KinesisStream.records(options(argument))),
      end,
      (chunk) => {
        Chunk.forEach(chunk, ({ value }) => useValue(value))
        return chunk.length
      }
    ))

const subjects: Record<string, (argument: Argument) => Subject> = {
  sdkData: (argument) => sdk(argument, (records) => records.forEach(useData)),
  sdkValues: (argument) => sdk(argument, parseEach),
  data: (argument) =>
    ours(argument, (end) =>
      counted(KinesisStream.records(options(argument)), end, (chunk) => {
        Chunk.forEach(chunk, ({ data }) => {
          used += data[0]!
        })
        return chunk.length
      })),
  values
}

export const make: MakeSubject = async (name, argument: Argument) => subjects[name]!(argument)
