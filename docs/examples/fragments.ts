/** What the fragments of code in the pages take for granted: the names of a reader's own program. */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { Consumer, FailurePolicy, KinesisClient, KinesisRecord, LeaseStore, Position } from "effect-kinesis"

export class Order extends Schema.Class<Order>("Order")({ id: Schema.Int, item: Schema.String }) {}

export interface OutOfStock {
  readonly _tag: "OutOfStock"
}

export class Stock extends Context.Tag("Stock")<Stock, { readonly left: number }>() {}

/** A queue of dead letters. */
export class DeadLetters
  extends Context.Tag("DeadLetters")<DeadLetters, { readonly send: (text: string) => Effect.Effect<void, Error> }>()
{}

export class Sqs extends Context.Tag("Sqs")<
  Sqs,
  {
    readonly send: (key: string, records: FailurePolicy.Failed["records"]) => Effect.Effect<void, Error>
  }
>() {}

export declare const charge: (order: Order) => Effect.Effect<void, OutOfStock, Stock>

/** Handles what was read. */
export declare const handle: (values: ReadonlyArray<unknown>) => Effect.Effect<void>

/** Stores a position. */
export declare const store: (shardId: string, position: Position.Position) => Effect.Effect<void>

/** Wakes somebody. */
export declare const alert: (message: string) => Effect.Effect<void>

export declare const records: Stream.Stream<KinesisRecord.KinesisRecord>

/** Which group, which stream. */
export declare const group: Pick<Consumer.GroupOptions, "application" | "stream" | "from">

/** A program that reads or writes. */
export declare const program: Effect.Effect<
  void,
  Error,
  KinesisClient.KinesisClient | LeaseStore.LeaseStore
>

/** Counts the records that come within an hour. */
export declare const countOrders: Effect.Effect<number, never, KinesisClient.KinesisClient>

/** What a test does. */
export declare const test: Effect.Effect<void>
