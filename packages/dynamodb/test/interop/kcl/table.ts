import { DeleteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb"
import type { Row } from "../../../src/internal/leaseRow.js"
import { makeRaw } from "../../support/table.js"

export type { Row }

export interface Table {
  /** All rows, leases or not, by their keys. */
  readonly rows: () => Promise<ReadonlyArray<Row>>
  /** The rows of leases. */
  readonly leases: () => Promise<ReadonlyArray<Row>>
  /** Deletes the rows that are no leases: of leaders, of workers, of a migration. Their keys. */
  readonly deleteOthers: () => Promise<ReadonlyArray<string>>
  readonly close: () => void
}

export const text = (row: Row, name: string): string | undefined => row[name]?.S ?? row[name]?.N

/** KCL 2 gives a lease no type. */
const isLease = (row: Row): boolean => (text(row, "entityType") ?? "LEASE") === "LEASE"

export const make = (url: string, TableName: string): Table => {
  const { sdk } = makeRaw(url)
  const rows = async (): Promise<ReadonlyArray<Row>> => {
    const { Items = [] } = await sdk.send(new ScanCommand({ TableName, ConsistentRead: true }))
    return Items.sort((a, b) => a["leaseKey"]!.S! < b["leaseKey"]!.S! ? -1 : 1)
  }
  return {
    rows,
    leases: async () => (await rows()).filter(isLease),
    deleteOthers: async () => {
      const others = (await rows()).filter((row) => !isLease(row))
      for (const { leaseKey } of others) {
        await sdk.send(new DeleteItemCommand({ TableName, Key: { leaseKey: leaseKey! } }))
      }
      return others.map((row) => text(row, "leaseKey")!)
    },
    close: () => sdk.destroy()
  }
}

/** A row in a line. */
export const describe = (row: Row): string =>
  Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) =>
    `${name}=${Object.values(value!).join("/")}`
  )
    .join(" ")
