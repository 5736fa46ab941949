import * as Schema from "effect/Schema"

/** The records of the demo's writer: the nth order of a customer. The customer is the partition key. */
export class Order extends Schema.Class<Order>("Order")({
  customer: Schema.String,
  number: Schema.Int,
  item: Schema.String,
  cents: Schema.Int
}) {}

/** An order in a few words: who, what, and how much. */
export const describe = ({ cents, customer, item }: Order): string =>
  `${customer.padEnd(11)}  ${item.padEnd(8)}  ${`$${(cents / 100).toFixed(2)}`.padStart(6)}`

const items = ["bicycle", "kettle", "lamp", "notebook", "teapot", "umbrella"]

/** One order of each customer, so that no batch has two of one key, and a failed part can be sent again without changing the order. */
export const batch = (number: number, customers: number): ReadonlyArray<Order> =>
  Array.from({ length: customers }, (_, customer) =>
    new Order({
      customer: `customer-${customer}`,
      number,
      item: items[(customer + number) % items.length]!,
      cents: 100 + ((customer * 7919 + number * 104_729) % 9_900)
    }))
